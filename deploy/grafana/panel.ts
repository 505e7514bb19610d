import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel as GrafanaPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as BarsBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** One line of a panel: a PromQL expression and the name of its series. */
export interface Query {
  readonly expression: string;
  readonly legend: string;
}

/** A panel as we write it down: what it answers, in which unit, from which queries. */
export interface Panel {
  readonly title: string;
  /** The question that the panel answers, or what to do when it looks wrong. */
  readonly description: string;
  /** Grafana's name of a unit: `s`, `short`, `percentunit`, `ops` for a number per second. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** `stat`, `bars` and `table` show the last value; `series`, the default, its course. */
  readonly shape?: 'stat' | 'series' | 'bars' | 'table';
  /** Whether values may be below 0, where the axis of a series begins otherwise. */
  readonly signed?: boolean;
  /** What the panel says where there is nothing to show, which is sound only of panels that have it. */
  readonly otherwise?: string;
}

/** Panels under one heading, laid out from left to right. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A variable that viewers choose series by. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** A series with the label of that name. */
  readonly of: string;
}

/** A dashboard as we write it down. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

/** The variable that a viewer picks the data source with. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Builds a panel; `letters` name its queries A, B, C … as Grafana expects. */
export function buildPanel(panel: Panel): Builder<GrafanaPanel> {
  const {
    title,
    description,
    unit,
    queries,
    shape = 'series',
    signed = false,
    otherwise = 'nothing yet',
  } = panel;
  const targets = queries.map(({ expression, legend }, index) => {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .expr(expression)
      .legendFormat(legend);
    if (shape === 'table') query.format(PromQueryFormat.Table);
    return shape === 'series' || shape === 'stat' ? query : query.instant();
  });
  const builder = builderOf(shape, signed);
  builder.title(title).description(description).unit(unit).noValue(otherwise);
  return builder.datasource(datasource).targets(targets);
}

function builderOf(shape: NonNullable<Panel['shape']>, signed: boolean) {
  switch (shape) {
    case 'stat':
      return new StatBuilder().height(4).span(4);
    case 'bars':
      return new BarsBuilder().height(9).span(12).min(0);
    case 'table':
      return new TableBuilder().height(9).span(12);
    case 'series': {
      const builder = new TimeSeriesBuilder().height(8).span(8).fillOpacity(10);
      return signed ? builder : builder.min(0);
    }
  }
}
