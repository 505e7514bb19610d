import { UnpairError, type FieldViolation } from '@unpair/errors';
import { flag, text, type Values } from '../configuration/environment.js';
import { Authentication } from './authentication.js';
import type { OidcOptions } from './oidc.js';

const optional = (variable: string, description: string) => text(variable, { description, default: '' });

/** Settings of who may call a service. */
export const accessSettings = {
  accessFile: optional(
    'UNPAIR_ACCESS_FILE',
    'a file that says who holds which token or certificate, and may what; "unpair token new" makes its lines',
  ),
  oidcIssuer: optional('UNPAIR_OIDC_ISSUER', 'the issuer of tokens of an OpenID provider, as they name it'),
  oidcAudience: optional('UNPAIR_OIDC_AUDIENCE', 'the audience that these tokens must name'),
  oidcJwks: optional('UNPAIR_OIDC_JWKS', "the https URL, or the file, of the provider's public keys (JWKS)"),
  oidcRoleClaim: text('UNPAIR_OIDC_ROLE_CLAIM', {
    description: 'the claim that holds viewer, operator or admin, alone or in a list',
    default: 'unpair_role',
  }),
  oidcTenantClaim: text('UNPAIR_OIDC_TENANT_CLAIM', {
    description: 'the claim that holds the tenant',
    default: 'unpair_tenant',
  }),
  allowAnyone: flag('UNPAIR_ALLOW_ANYONE', {
    description: 'yes lets everyone do everything who reaches gRPC beyond this machine',
  }),
};

/** What {@link accessSettings} say. */
export type AccessValues = Values<typeof accessSettings>;

/** Who may call; undefined where anyone may. @throws UnpairError INVALID_ARGUMENT naming what of the files is bad */
export function authenticationOf(values: AccessValues): Authentication | undefined {
  const { accessFile, oidcIssuer } = values;
  if (accessFile === '' && oidcIssuer === '') return undefined;
  const file = accessFile === '' ? undefined : accessFile;
  return new Authentication({ file, oidc: oidcIssuer === '' ? undefined : oidcOf(values) });
}

function oidcOf(values: AccessValues): OidcOptions {
  const { oidcIssuer: issuer, oidcAudience: audience, oidcJwks: jwks } = values;
  const { oidcRoleClaim: roleClaim, oidcTenantClaim: tenantClaim } = values;
  return { issuer, audience, jwks, roleClaim, tenantClaim };
}

/** What of these settings cannot be so. @param isReached whether others than this machine reach the service */
export function accessProblems(
  values: AccessValues,
  grpcAddress: string,
  isReached: boolean,
): FieldViolation[] {
  const oidc = {
    UNPAIR_OIDC_ISSUER: values.oidcIssuer,
    UNPAIR_OIDC_AUDIENCE: values.oidcAudience,
    UNPAIR_OIDC_JWKS: values.oidcJwks,
  };
  const missing = Object.entries(oidc).filter(([, value]) => value === '');
  if (missing.length === 1 || missing.length === 2) {
    const names = missing.map(([name]) => name);
    const description = `${names.join(' and ')} must be set as well: issuer, audience and keys belong together.`;
    return [{ field: names[0] ?? '', description }];
  }
  if (values.oidcJwks !== '' && /^(?!https:)[a-z]+:\/\//.test(values.oidcJwks)) {
    const description = `UNPAIR_OIDC_JWKS is "${values.oidcJwks}", but must be an https URL or a file.`;
    return [{ field: 'UNPAIR_OIDC_JWKS', description }];
  }
  return [...fileProblems(values), ...anyoneProblems(values, grpcAddress, isReached)];
}

function fileProblems(values: AccessValues): FieldViolation[] {
  try {
    authenticationOf(values);
    return [];
  } catch (error) {
    const { message, violations } = UnpairError.from(error);
    if (violations.length > 0) return [...violations];
    const field = values.accessFile === '' ? 'UNPAIR_OIDC_JWKS' : 'UNPAIR_ACCESS_FILE';
    return [{ field, description: `${field}: ${message}` }];
  }
}

function anyoneProblems(values: AccessValues, grpcAddress: string, isReached: boolean): FieldViolation[] {
  const isGuarded = values.accessFile !== '' || values.oidcIssuer !== '';
  if (!isReached || isGuarded || values.allowAnyone) return [];
  const description = `UNPAIR_GRPC_ADDRESS is "${grpcAddress}", which others reach, and nobody there is asked who he is: set UNPAIR_ACCESS_FILE or UNPAIR_OIDC_ISSUER, or UNPAIR_ALLOW_ANYONE=yes where all who reach it may do everything.`;
  return [{ field: 'UNPAIR_GRPC_ADDRESS', description }];
}
