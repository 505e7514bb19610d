import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** Debian's Chromium, where it is installed. */
export const chromium = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((file) => existsSync(file));

/** How a reader's screen is. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly dark: boolean;
}

/** What a browser makes of a page. */
export interface Seen {
  /** What axe finds, with the places where. */
  readonly violations: readonly { readonly id: string; readonly nodes: readonly string[] }[];
  /** By so many pixels it is wider than the screen. */
  readonly overflow: number;
  /** Milliseconds until all of it was there. */
  readonly loaded: number;
}

const CHECK = `addEventListener('load', () => setTimeout(async () => {
  const { domComplete } = performance.getEntriesByType('navigation')[0];
  const { violations } = await axe.run();
  const seen = {
    violations: violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) })),
    overflow: document.documentElement.scrollWidth - innerWidth,
    loaded: domComplete,
  };
  document.body.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
}));`;

/**
 * Opens a page in Chromium and lets axe look at it. The page allows no scripts, so that its policy is taken out of
 * the copy that is looked at.
 */
export async function look(page: string, { width, height, dark }: Screen): Promise<Seen> {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-page-'));
  try {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const open = page.replace(/<meta\s+http-equiv[^>]*>/, '');
    const scripts = `<script>${axe}</script><script>${CHECK}</script>`;
    const file = join(folder, 'page.html');
    await writeFile(
      file,
      open.replace('</head>', () => `${scripts}</head>`),
    );
    const { stdout } = await promisify(execFile)(
      chromium ?? 'chromium',
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--dump-dom'],
        ...[`--user-data-dir=${join(folder, 'profile')}`, `--window-size=${width},${height}`],
        ...['--virtual-time-budget=20000', `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`],
        pathToFileURL(file).href,
      ],
      { maxBuffer: 64e6, timeout: 100_000 },
    );
    const [, text = ''] = /<body[^>]*>([\w+/=]+)<\/body>/.exec(stdout) ?? [];
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Seen;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
