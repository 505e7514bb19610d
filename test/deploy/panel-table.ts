import { dashboards } from '../../deploy/grafana/dashboard.js';
import type { Panel } from '../../deploy/grafana/panel.js';

/** What a panel shows at a time: its number of series, and the value of the first one. */
export interface Shown {
  readonly dashboard: string;
  readonly panel: Panel;
  readonly series: number;
  readonly example: string;
}

/** A rule at a time: whether it could be evaluated, and how many alerts of it fire. */
export interface Rule {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly health: string;
  readonly firing: number;
}

/** Everything that a Prometheus has to say at a time. */
export interface Look {
  readonly panels: readonly Shown[];
  readonly rules: readonly Rule[];
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: [number, string];
}

/** A Prometheus that is asked over HTTP. */
export class Prometheus {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  async query(expression: string): Promise<readonly Sample[]> {
    const filled = expression
      .replaceAll('$__rate_interval', '30s')
      .replaceAll(/\$(?:campaign|tenant|instance)/g, '.*');
    return (await this.#get<{ result: readonly Sample[] }>(`query?query=${encodeURIComponent(filled)}`))
      .result;
  }

  /** The first value of an expression; NaN where there is none. */
  async value(expression: string): Promise<number> {
    return Number((await this.query(expression))[0]?.value[1] ?? Number.NaN);
  }

  /** Evaluates every expression of every dashboard, and reads every rule. */
  async look(): Promise<Look> {
    const panels = [...dashboards.values()].flatMap(({ title, sections }) =>
      sections.flatMap((section) => section.panels.map((panel) => this.#panel(title, panel))),
    );
    return { panels: await Promise.all(panels), rules: await this.#rules() };
  }

  async #panel(dashboard: string, panel: Panel): Promise<Shown> {
    const results = await Promise.all(panel.queries.map(({ expression }) => this.query(expression)));
    const series = results.flat();
    const [first] = series;
    const example = first === undefined ? '–' : short(Number(first.value[1]));
    return { dashboard, panel, series: series.length, example };
  }

  async #rules(): Promise<Rule[]> {
    type Told = Omit<Rule, 'firing'> & { readonly alerts?: readonly { readonly state: string }[] };
    const { groups } = await this.#get<{ groups: readonly { rules: readonly Told[] }[] }>('rules');
    return groups.flatMap(({ rules }) =>
      rules.map(({ name, type, health, alerts = [] }) => {
        return { name, type, health, firing: alerts.filter(({ state }) => state === 'firing').length };
      }),
    );
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await fetch(`http://${this.#address}/api/v1/${path}`);
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return ((await answer.json()) as { readonly data: T }).data;
  }
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** The panels at several times, as a table of Markdown. */
export function panelTable(times: ReadonlyMap<string, Look>): string {
  const [any] = times.values();
  const rows = (any?.panels ?? []).map(({ dashboard, panel }, at) => {
    const cells = [...times.values()].map(({ panels }) => cellOf(panels[at]));
    return [dashboard.replace('Unpair: ', ''), panel.title, panel.unit, ...cells];
  });
  return markdown(['dashboard', 'panel', 'unit', ...times.keys()], rows);
}

function cellOf(shown: Shown | undefined): string {
  if (shown === undefined || shown.series === 0) return '–';
  return `${shown.series}: ${shown.example}`;
}

/** The rules at several times: `ok` where one was evaluated and nothing fires. */
export function ruleTable(times: ReadonlyMap<string, Look>): string {
  const [any] = times.values();
  const rows = (any?.rules ?? []).map(({ name, type }, at) => {
    const cells = [...times.values()].map(({ rules }) => {
      const { health = 'unknown', firing = 0 } = rules[at] ?? {};
      return firing === 0 ? health : `**fires: ${firing}**`;
    });
    return [`\`${name}\``, type === 'alerting' ? 'alert' : 'record', ...cells];
  });
  return markdown(['rule', 'kind', ...times.keys()], rows);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

/** What is not as it should be at a time: panels with nothing to show, rules that cannot be evaluated, other alerts than `expected`. */
export function complaints(
  time: string,
  { panels, rules }: Look,
  { alerts, panels: full }: { readonly alerts: readonly string[]; readonly panels: boolean },
): string[] {
  const empty = panels.filter(({ series, panel }) => full && series === 0 && panel.otherwise === undefined);
  const unwell = rules.filter(({ health }) => health !== 'ok');
  const firing = rules.filter(({ firing }) => firing > 0).map(({ name }) => name);
  return [
    ...empty.map(({ dashboard, panel }) => `${time}: ${dashboard}, ${panel.title} is empty`),
    ...unwell.map(({ name, health }) => `${time}: rule ${name} is ${health}`),
    ...(firing.join() === alerts.join() ? [] : [`${time}: fires [${firing.join()}], not [${alerts.join()}]`]),
  ];
}
