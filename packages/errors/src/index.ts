export { RobustnessError } from './robustness-error.js';
