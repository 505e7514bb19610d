import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel as GrafanaPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
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
  /** Grafana's name of a unit: `s`, `short`, `percentunit`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** `stat` shows the last value; `series`, the default, its course. */
  readonly shape?: 'stat' | 'series';
  /** Whether values may be below 0, where the axis of a series begins otherwise. */
  readonly signed?: boolean;
}

/** Panels under one heading, laid out from left to right. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The variable that a viewer picks the data source with. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Builds a panel; `letters` name its queries A, B, C … as Grafana expects. */
export function buildPanel({
  title,
  description,
  unit,
  queries,
  shape = 'series',
  signed = false,
}: Panel): Builder<GrafanaPanel> {
  const targets = queries.map(({ expression, legend }, index) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode(65 + index))
      .expr(expression)
      .legendFormat(legend),
  );
  const builder = shape === 'stat' ? new StatBuilder().height(4).span(4) : seriesBuilder(signed);
  return builder.title(title).description(description).unit(unit).datasource(datasource).targets(targets);
}

function seriesBuilder(signed: boolean): TimeSeriesBuilder {
  const builder = new TimeSeriesBuilder().height(8).span(8).fillOpacity(10);
  return signed ? builder : builder.min(0);
}
