import { describe, expect, it } from 'vitest';
import { renderPage } from '../src/index.js';
import { chromium, look } from './browser.js';
import { reportOf } from './reports.js';

describe.skipIf(chromium === undefined)(
  'a page in a browser (skipped where chromium is not installed)',
  () => {
    it.each([
      { name: 'a wide light screen', width: 1280, height: 900, dark: false },
      { name: 'a phone in the dark', width: 390, height: 844, dark: true },
    ])(
      'is accessible and fits $name',
      async (screen) => {
        const seen = await look(renderPage(reportOf()), screen);
        expect(seen.violations).toEqual([]);
        expect(seen.overflow).toBeLessThanOrEqual(0);
      },
      120_000,
    );
  },
);
