import { attackReferences } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import { suggestion } from '@unpair/parameters';
import type { Command } from 'commander';

import type { CommandContext } from '../context.js';
import { renderTable } from '../terminal/table.js';

/** `unpair attacks [NAME]`: what the registry knows, as docs/attacks.md has it. */
export function addAttacksCommand(program: Command, context: CommandContext): void {
  program
    .command('attacks')
    .description('list the attacks that a campaign may name, or the parameters of one')
    .argument('[name]', 'name of an attack')
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: { readonly json?: true }) => {
      runAttacks(name, options, context);
    });
}

function runAttacks(
  name: string | undefined,
  { json }: { readonly json?: true },
  { terminal }: CommandContext,
): void {
  const all = attackReferences();
  const references = all.filter((attack) => name === undefined || attack.name === name);
  if (references.length === 0 && name !== undefined) {
    const names = all.map((attack) => attack.name);
    throw new UnpairError('NOT_FOUND', `there is no attack "${name}"${suggestion(name, names)}`);
  }
  const [one] = references;
  if (json) {
    terminal.print(JSON.stringify(name === undefined ? references : one, null, 2));
    return;
  }
  if (name === undefined || one === undefined) {
    const rows = references.map(({ name: attack, sees, surrogate, queries, norms, goals, description }) => [
      ...[attack, sees, surrogate, queries.replaceAll('`', ''), norms, goals, description],
    ]);
    const heads = ['attack', 'sees', 'surrogate', 'queries', 'norms', 'goals', 'what it does'];
    terminal.print(renderTable(heads, rows));
    return;
  }
  terminal.print(`${one.name}: ${one.description}\n${one.paper}`);
  terminal.print(
    `sees ${one.sees}; surrogate: ${one.surrogate}; queries: ${one.queries.replaceAll('`', '')}; ` +
      `finds ${one.finds}; norms: ${one.norms}; goals: ${one.goals}\n`,
  );
  const rows = one.parameters.map(({ name: parameter, type, default: value, description }) => [
    ...[parameter, type, value, description],
  ]);
  terminal.print(renderTable(['parameter', 'value', 'default', 'what it is'], rows));
}
