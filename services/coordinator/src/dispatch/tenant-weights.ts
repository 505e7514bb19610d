import { isTenant, type Setting } from '@unpair/platform';

/** Shares of tenants in the workers; a tenant that is not named has 1. */
export type TenantWeights = ReadonlyMap<string, number>;

/** Weights of tenants as a setting: `red=3,blue=0.5`. */
export function tenantWeights(variable: string): Setting<TenantWeights> {
  return {
    variable,
    description: 'the shares of tenants in the workers, as tenant=weight with commas; 1 unless named',
    default: new Map(),
    parse: (text) => {
      const entries = text.split(',').map(parseOne);
      const weights = new Map(entries.filter((entry) => entry !== undefined));
      const allowed = 'tenant=weight with commas, each tenant once and weights from 0.001 to 1000';
      return weights.size === entries.length ? { value: weights } : { allowed };
    },
  };
}

function parseOne(text: string): [tenant: string, weight: number] | undefined {
  const [, tenant = '', number = ''] = /^\s*([^=\s]+)=(\d+(?:\.\d+)?)\s*$/.exec(text) ?? [];
  const weight = Number(number);
  return isTenant(tenant) && weight >= 0.001 && weight <= 1_000 ? [tenant, weight] : undefined;
}
