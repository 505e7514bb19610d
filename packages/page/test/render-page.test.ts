import { expect, it } from 'vitest';
import { renderPage } from '../src/index.js';
import { emptyReport, reportOf } from './reports.js';

const CHARTED = ['transfer', 'queries', 'amplification', 'accuracy', 'similarity', 'training'];

function sectionOf(page: string, id: string): string | undefined {
  return new RegExp(`<section id="${id}".*?</section>`, 's').exec(page)?.[0];
}

it('has a section with charts and a table for each thing that was measured', () => {
  const page = renderPage(reportOf());
  for (const id of CHARTED) {
    const section = sectionOf(page, id);
    expect(section, id).toMatch(/<svg role="img" aria-label="[^"]+"/);
    expect(section, id).toContain('<table');
    expect(page, id).toContain(`<a href="#${id}">`);
  }
  expect(sectionOf(page, 'models')).toContain('Gradients vanish.');
  expect(sectionOf(page, 'setup')).toContain('d'.repeat(64));
  expect(sectionOf(page, 'setup')).toContain('samples 50');
  expect(sectionOf(page, 'setup')).toContain('dataset: { source: &quot;&lt;b&gt;&quot; }');
  expect(sectionOf(page, 'cite')).toContain('2212.13700');
});

it('leaves no trace of what was not measured', () => {
  const page = renderPage(emptyReport());
  const ids = [...page.matchAll(/<section id="([a-z]+)"/g)].map(([, id]) => id);
  expect(ids).toEqual(['setup', 'cite']);
  for (const id of CHARTED) expect(page).not.toContain(`#${id}"`);
  expect(page).toContain('What does publishing a sibling give?');
});

it('takes names of models for texts, never for markup', () => {
  const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp; http://example.org/`;
  const page = renderPage({ ...reportOf({}, (at) => `${at}${hostile}`), name: hostile });
  expect(page).not.toMatch(/<(script|img|iframe|object|link)\b/);
  for (const tag of page.matchAll(/<[a-z][^<>]*>/g)) expect(tag[0]).not.toMatch(/\son\w+=/);
  expect(page).toContain('&lt;script&gt;');
});

it('asks nothing of a network, and nothing of a script', () => {
  const page = renderPage(reportOf());
  expect(page).toContain("default-src 'none'");
  expect(page).not.toMatch(/<script|\s(src|srcset)=|url\(|@import|href="(?!#)/);
});

it('is the same bytes for the same report', () => {
  expect(renderPage(reportOf())).toBe(renderPage(reportOf()));
});

it('stays below 3 MB, and takes seconds, for a campaign of 4,000 cells', () => {
  const name = (at: number): string => `int8[pruned.sparsity=0.375,unpaired.weight=${at}]`;
  const report = reportOf({ surrogates: 25, targets: 4, points: 5, epsilons: 4 }, name);
  expect(report.attacks.length).toBeGreaterThan(4000);
  const page = renderPage(report);
  expect(Buffer.byteLength(page)).toBeLessThan(3e6);
  expect(page).toContain('The first 1500 are shown');
});
