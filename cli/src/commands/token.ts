import { randomBytes } from 'node:crypto';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import { accessLine, isTenant } from '@unpair/platform';
import { roles, type Role } from '@unpair/protocol';

import type { CommandContext } from '../context.js';
import { wholeNumber } from './whole-number.js';

interface NewTokenOptions {
  readonly role: Role;
  readonly tenant: string;
  readonly name: string;
  readonly days?: number;
}

/** `unpair token new --role ROLE --tenant TENANT`. */
export function addTokenCommand(program: Command, context: CommandContext): void {
  program
    .command('token')
    .description('tokens that clusters know their users by')
    .command('new')
    .description("make a token, and the line for the cluster's UNPAIR_ACCESS_FILE, which does not tell it")
    .addOption(new Option('--role <role>', 'what it allows').choices(roles).makeOptionMandatory())
    .requiredOption('--tenant <tenant>', 'whose campaigns it is for')
    .option('--name <name>', 'whom it is for, for logs', 'token')
    .option('--days <n>', 'for how long it is good (default: for ever)', wholeNumber(1, 36_500))
    .action((options: NewTokenOptions) => {
      newToken(options, context);
    });
}

function newToken({ role, tenant, name, days }: NewTokenOptions, { terminal }: CommandContext): void {
  if (!isTenant(tenant)) {
    const message = `--tenant must be 1 to 63 lower-case letters, digits and "-", got "${tenant}"`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
  if (!/^[\w.@-]{1,63}$/.test(name)) {
    const message = `--name must be 1 to 63 letters, digits, ".", "_", "@" and "-", got "${name}"`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
  const token = `unpair_${randomBytes(32).toString('base64url')}`;
  const until = days === undefined ? undefined : new Date(Date.now() + days * 86_400_000);
  terminal.note('the token, which is shown this once:');
  terminal.print(token);
  terminal.note('the line for UNPAIR_ACCESS_FILE:');
  terminal.print(accessLine(token, { role, tenant, name }, until));
}
