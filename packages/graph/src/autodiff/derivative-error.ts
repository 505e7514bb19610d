import { ModelError } from '../graph.js';

/** A model that is understood, and can be run, but not differentiated; so whoever needs no derivative can go on. */
export class DerivativeError extends ModelError {}
