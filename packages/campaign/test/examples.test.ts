import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ATTACKERS } from '../src/adaptive/attackers.js';
import { undefendedOf } from '../src/adaptive/defences.js';
import { BUILT_IN, parseCampaign, planCampaign } from '../src/index.js';

const root = new URL('../../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

describe('every example is a campaign', () => {
  const examples = readdirSync(new URL('examples', root)).filter((file) => file.endsWith('.yaml'));

  test.each(examples)('%s', (file) => {
    const result = parseCampaign(read(`examples/${file}`));
    expect(result.ok ? [] : result.violations).toEqual([]);
  });

  test('and the quickstart has the cells that its report compares', () => {
    const result = parseCampaign(read('examples/quickstart.yaml'));
    if (!result.ok) throw new Error('the quickstart is not a campaign');
    const { cells } = planCampaign(result.campaign);
    const names = new Set(cells.map(({ attack, surrogate }) => `${attack} ${surrogate?.name ?? '-'}`));
    expect([...names].sort()).toEqual([
      'mi-fgsm int8',
      'mi-fgsm int8-unpaired',
      'mi-fgsm stranger',
      'p-rgf int8',
      'p-rgf int8-unpaired',
      'p-rgf stranger',
      'pgd int8',
      'pgd int8-unpaired',
      'pgd stranger',
      'rgf -',
      'square -',
    ]);
    expect(cells).toHaveLength(22);
  });
});

test('the unpaired model that is here already is compared with int8, and tried by those who know of it', () => {
  const compared = ['examples/quickstart.yaml', 'examples/defend-resnet20.yaml'].map((file) => {
    const result = parseCampaign(read(file));
    if (!result.ok) throw new Error(`${file} is not a campaign`);
    const { defences } = result.campaign.adaptive;
    return defences.map((defence) => [undefendedOf(defence, result.campaign), defence.adaptive]);
  });
  expect(compared).toEqual([[['int8', false]], [['int8', true]]]);
});

test('the example of a defence compares both unpaired siblings with what they are made of', () => {
  const result = parseCampaign(read('examples/defend.yaml'));
  if (!result.ok) throw new Error('the example of a defence is not a campaign');
  const { campaign } = result;
  const compared = campaign.adaptive.defences.map((defence) => [
    defence.sibling,
    undefendedOf(defence, campaign),
  ]);
  expect(compared).toEqual([
    ['int8-unpaired', 'int8'],
    ['distilled-unpaired', 'distilled'],
  ]);
  const { adaptive, cells } = planCampaign(campaign);
  expect(new Set(adaptive.map(({ attacker }) => attacker)).size).toBe(8);
  // 15 transfer cells and 5 searches for each defence, and 13 and 4 for the stranger, less what the file has.
  expect(cells.filter((cell) => cell.adaptive)).toHaveLength(3 * (2 * 19 + 15));
});

test('the example of a search plans each recipe, published as int8, beside the sibling and the stranger', () => {
  const result = parseCampaign(read('examples/search-vgg11.yaml'));
  if (!result.ok) throw new Error('the example of a search is not a campaign');
  const { campaign } = result;
  expect([...campaign.models].filter(([, { kind }]) => kind === 'unpair')).toHaveLength(6);
  expect(campaign.surrogates).toHaveLength(8);
  expect(new Set(campaign.adaptive.defences.map((defence) => undefendedOf(defence, campaign)))).toEqual(
    new Set(['int8']),
  );
  expect(planCampaign(campaign).cells).toHaveLength(2 * 8);
});

test('every attacker is in the documentation', () => {
  const documented = read('docs/unpairing.md');
  const lacking = ATTACKERS.filter(({ name }) => !documented.includes(`| \`${name}\``));
  expect(lacking).toEqual([]);
});

test('the example of a sweep in the documentation has the models that it says', () => {
  const [block = ''] = /models:\n[^`]*quantized:[^`]*/.exec(read('docs/campaign-file.md')) ?? [];
  const result = parseCampaign(
    `name: doc\ndataset: { source: cifar10, samples: 1 }\nthreat: { epsilon: 0.1 }\nattacks: [pgd]\n${block}`,
  );
  if (!result.ok) throw new Error('the example of a sweep is not a campaign');
  const said = [...block.matchAll(/[\w-]+\[\w[^\]]*=[^\]]*\]/g)].map(([name]) => name);
  expect(said).toHaveLength(3);
  const names = [...result.campaign.models.keys()];
  expect(said.filter((name) => !names.includes(name))).toEqual([]);
  expect(names).toHaveLength(1 + 2 + 4 + 4);
});

test('the example in the documentation of the campaign file is a campaign', () => {
  const [, block] = /```yaml\n([\s\S]*?)```/.exec(read('docs/campaign-file.md')) ?? [];
  const result = parseCampaign(block ?? '');
  expect(result.ok ? [] : result.violations).toEqual([]);
});

test('the documentation of the report names every field that a report has', () => {
  const documented = read('docs/report.md');
  const files = ['report.ts', 'defence/types.ts'];
  const source = files.map((file) => read(`packages/campaign/src/report/${file}`)).join('\n');
  const fields = [...source.matchAll(/^ {2}readonly (\w+):/gm)].map(([, field]) => field ?? '');
  expect(fields.length).toBeGreaterThan(40);
  expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(documented))).toEqual([]);
});

type Known = Pick<(typeof BUILT_IN)['attacks'][number], 'name' | 'parameters'>;

test('the documentation of the campaign file names every attack, sibling and parameter', () => {
  const undocumented = (page: string, known: readonly Known[]): readonly string[] => {
    const words = known.flatMap(({ name, parameters }) => [name, ...Object.keys(parameters)]);
    return words.filter((word) => !read(page).includes(`\`${word}\``));
  };
  expect(undocumented('docs/attacks.md', BUILT_IN.attacks)).toEqual([]);
  expect(undocumented('docs/campaign-file.md', BUILT_IN.siblings)).toEqual([]);
});
