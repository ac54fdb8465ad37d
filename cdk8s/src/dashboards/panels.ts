import {
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** What is shown of one expression; `$__rate_interval` is Grafana's, four scrapes or more. */
export interface Query {
  readonly expr: string;
  /** `{{label}}` stands for a label's value. */
  readonly legend: string;
}

/** As Grafana names them. */
export type Unit = 'reqps' | 's' | 'percentunit' | 'short' | 'bytes';

/** A graph over time, a third of the width. */
export interface Graph {
  readonly title: string;
  readonly unit: Unit;
  /** What to conclude from it. */
  readonly description?: string;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly graphs: readonly Graph[];
}

export interface DashboardContent {
  /** Part of names: `vault`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts in the data source that the viewer has chosen.
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const [COLUMNS, HEIGHT] = [3, 8];
const WIDTH = 24 / COLUMNS;

/** The JSON that Grafana reads; the same for the same content. */
export function dashboardJson(
  environment: string,
  { name, title, description, rows }: DashboardContent,
): string {
  const builder = new DashboardBuilder(`Cofferdam / ${environment} / ${title}`)
    // Stays the same when the dashboard changes, so that links to it do.
    .uid(`cofferdam-${environment}-${name}`)
    .description(description)
    .tags(['cofferdam', environment])
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('1m')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  const layout = { top: 0, id: 1 };
  for (const row of rows) addRow(builder, row, layout);
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

/** @param layout where the next row begins, and the next panel's id */
function addRow(
  builder: DashboardBuilder,
  { title, graphs }: Row,
  layout: { top: number; id: number },
): void {
  const { top } = layout;
  builder.withRow(new RowBuilder(title).id(layout.id++).gridPos({ x: 0, y: top, w: 24, h: 1 }));
  graphs.forEach((graph, index) => {
    const [x, y] = [(index % COLUMNS) * WIDTH, top + 1 + Math.floor(index / COLUMNS) * HEIGHT];
    builder.withPanel(
      panel(graph)
        .id(layout.id++)
        .gridPos({ x, y, w: WIDTH, h: HEIGHT }),
    );
  });
  layout.top += 1 + Math.ceil(graphs.length / COLUMNS) * HEIGHT;
}

function panel({ title, unit, description, queries }: Graph): PanelBuilder {
  const builder = new PanelBuilder()
    .title(title)
    .unit(unit)
    .min(0)
    .datasource(DATASOURCE)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (description !== undefined) builder.description(description);
  queries.forEach(({ expr, legend }, index) => {
    const refId = String.fromCharCode('A'.charCodeAt(0) + index);
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).refId(refId).range());
  });
  return builder;
}
