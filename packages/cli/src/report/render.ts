/** A Vega-Lite plot as SVG text. The library is loaded when the first plot is drawn, not before. */
import type { Config, TopLevelSpec } from 'vega-lite';

const STYLE: Config = {
  font: 'system-ui, sans-serif',
  axis: {
    labelColor: '#44515e',
    titleColor: '#44515e',
    gridColor: '#e8ecf0',
    domainColor: '#9aa7b4',
    tickColor: '#9aa7b4',
  },
  view: { stroke: null },
  range: { category: ['#2563a8', '#d9822b', '#3a8f5c', '#a83a6d', '#6b5bb0', '#8a6d3b', '#2a9aa8', '#7a7f87'] },
};

/** Draws a plot. Same data, same text. */
export async function render(spec: TopLevelSpec): Promise<string> {
  const [{ parse, View, Warn }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec: compiled } = compile({ ...spec, config: STYLE });
  const view = new View(parse(compiled), { renderer: 'none', logLevel: Warn });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
