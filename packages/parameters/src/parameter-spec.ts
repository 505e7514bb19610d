import type { Threat } from '@unpair/numerics';

/** A default: a value, or null for one that derives from the threat once that is known. */
export type AmountDefault =
  | { readonly default: number }
  | {
      readonly default: null;
      readonly derived: {
        /** How the documentation writes it: `epsilon / 4`. */
        readonly text: string;
        of(threat: Threat): number;
      };
    };

/** How a parameter may be written in a campaign file, and what it is when it is not. */
export type ParameterSpec = { readonly description: string } & (
  | { readonly type: 'integer'; readonly min: number; readonly max?: number; readonly default: number }
  | ({ readonly type: 'number'; readonly min: number; readonly max?: number } & AmountDefault)
  /** A positive amount of the pixel range, also as a fraction such as 2/255. */
  | ({ readonly type: 'pixels'; readonly max?: number } & AmountDefault)
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default: string }
);

export type ParameterValue = number | boolean | string | null;
/** Parameters by name; null stands for a default that derives from the threat. */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** What parameters there are, by name. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;
