import type { MetricName } from '@chromatune/contracts';
import {
  Chart,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  type Plugin,
  PointElement,
} from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import { formatDuration } from '../ui/format.js';
import type { XAxis } from '../view/view-state.js';
import { formatTick, thinLogTicks, widened } from './axis-ticks.js';
import { type BaselineLine, labelHeight, placeLabels } from './baseline-lines.js';
import type { CurveSeries, LinePoint } from './curve-series.js';
import type { Identity, Marker } from './identity.js';
import { drawMarker } from './marker-shape.js';
import type { ChartColors } from './palette.js';

Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale, zoomPlugin);

/** One run in a plot. `thin` is measured at each step, `bold` at each epoch. */
export interface PlotRun {
  id: string;
  identity: Identity;
  thin: CurveSeries | null;
  bold: CurveSeries | null;
  stoppedEarly: boolean;
}

export interface PlotContent {
  runs: PlotRun[];
  baselines: BaselineLine[];
  metric: MetricName;
  x: XAxis;
  log: boolean;
  zoom: [number, number] | null;
  /** End of the x axis when nothing is zoomed, the same in all charts; null leaves it to the data. */
  xEnd: number | null;
  colors: ChartColors;
}

export interface PlotCallbacks {
  onEpoch(epoch: number): void;
  onZoom(range: [number, number] | null): void;
}

type LineChart = Chart<'line', LinePoint[]>;

/** Room for the longest ticks, such as 14.2702 and 1.592e-4. */
const yAxisWidth = 58;
/** Beyond this many epochs in sight, markers would hide the line. */
const mostMarkers = 60;

/** A Chart.js chart of curves with a cursor. Chart.js is told of changes by hand: React never draws it anew. */
export class CurvePlot {
  private readonly chart: LineChart;
  private content: PlotContent | null = null;
  private epoch: number | null = null;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly callbacks: PlotCallbacks,
  ) {
    this.chart = new Chart<'line', LinePoint[]>(canvas, {
      type: 'line',
      data: { datasets: [] },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        parsing: false,
        normalized: true,
        events: ['mousemove', 'touchstart', 'touchmove'],
        layout: { padding: { top: 4, right: 8 } },
        plugins: { zoom: this.zoomOptions() },
      },
      plugins: [this.annotations()],
    });
    canvas.addEventListener('dblclick', () => callbacks.onZoom(null));
  }

  show(content: PlotContent): void {
    this.content = content;
    const { colors, x, zoom, log, metric } = content;
    const ticks = { color: colors.muted, font: { size: 11, family: colors.font }, maxRotation: 0 };
    const border = { color: colors.grid };
    const grid = { color: colors.grid, lineWidth: 1, tickLength: 4 };
    this.chart.options.scales = {
      x: {
        type: 'linear',
        min: zoom?.[0] ?? 0,
        max: zoom?.[1] ?? content.xEnd ?? undefined,
        bounds: content.xEnd === null && !zoom ? 'data' : 'ticks',
        border,
        grid: { ...grid, drawOnChartArea: false },
        ticks: {
          ...ticks,
          autoSkipPadding: 16,
          includeBounds: false,
          callback: (value) => formatX(Number(value), x),
          ...(x === 'time' ? { stepSize: timeStep(content) } : { precision: zoom ? undefined : 0 }),
        },
      },
      y: {
        type: log ? 'logarithmic' : 'linear',
        border,
        grid,
        ticks: {
          ...ticks,
          maxTicksLimit: 7,
          callback: (value, _index, all) =>
            formatTick(
              metric,
              Number(value),
              all.map((tick) => tick.value),
            ),
        },
        afterBuildTicks: (scale) => {
          if (log) scale.ticks = thinLogTicks(scale.ticks, scale.min, scale.max);
        },
        // The same width in every chart, so that their cursors stand above each other.
        afterFit: (scale) => {
          scale.width = yAxisWidth;
        },
        afterDataLimits: (scale) => {
          for (const { value } of content.baselines) {
            scale.min = Math.min(scale.min, value);
            scale.max = Math.max(scale.max, value);
          }
          [scale.min, scale.max] = widened(scale.min, scale.max);
        },
      },
    };
    this.chart.data.datasets = content.runs.flatMap((run) => datasetsOf(run, content));
    this.chart.update('none');
  }

  moveCursor(epoch: number | null): void {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.chart.draw();
  }

  destroy(): void {
    this.chart.destroy();
  }

  private zoomOptions() {
    const report = () => {
      const scale = this.chart.scales.x;
      if (scale) this.callbacks.onZoom([scale.min, scale.max]);
    };
    return {
      // With Ctrl (which a trackpad's pinch sends too), so that the page still scrolls over a chart.
      zoom: {
        mode: 'x' as const,
        wheel: { enabled: true, modifierKey: 'ctrl' as const, speed: 0.15 },
        pinch: { enabled: true },
        drag: { enabled: true, threshold: 8, backgroundColor: 'rgba(128,128,128,0.25)' },
        onZoomComplete: report,
      },
      pan: { enabled: true, mode: 'x' as const, modifierKey: 'shift' as const, onPanComplete: report },
    };
  }

  private annotations(): Plugin<'line'> {
    return {
      id: 'annotations',
      beforeDatasetsDraw: () => this.drawBaselines(),
      afterDatasetsDraw: () => {
        this.drawBaselineLabels();
        this.drawMarks();
        this.drawCursor();
      },
      afterEvent: (_chart, { event, inChartArea, replay }) => {
        // Chart.js replays the last event when data change: a pointer that rests moves nothing.
        if (replay) return;
        if (inChartArea && event.x !== null && event.y !== null) this.point(event.x, event.y);
      },
    };
  }

  /** The epoch that a position of the pointer speaks about. */
  private point(pixelX: number, pixelY: number): void {
    const { x, y } = this.chart.scales;
    if (!this.content || !x || !y) return;
    if (this.content.x === 'epoch') {
      this.callbacks.onEpoch(Math.max(0, Math.round(x.getValueForPixel(pixelX) ?? 0)));
      return;
    }
    let nearest = { distance: Infinity, epoch: 0 };
    for (const point of this.content.runs.flatMap(({ bold }) => bold?.line ?? [])) {
      if (!Number.isFinite(point.y)) continue;
      const dx = x.getPixelForValue(point.x) - pixelX;
      const dy = (y.getPixelForValue(point.y) - pixelY) / 4; // the same epoch of several runs: the nearer line wins
      const distance = dx * dx + dy * dy;
      if (distance < nearest.distance) nearest = { distance, epoch: point.epoch };
    }
    if (nearest.distance < Infinity) this.callbacks.onEpoch(Math.round(nearest.epoch));
  }

  private drawBaselines(): void {
    if (!this.content) return; // Chart.js draws once while it is constructed
    const { ctx, chartArea } = this.chart;
    ctx.save();
    ctx.setLineDash([5, 4]);
    ctx.strokeStyle = this.content.colors.muted;
    for (const { y } of this.placedBaselines(this.content)) line(ctx, chartArea.left, y, chartArea.right, y);
    ctx.restore();
  }

  /** Over the curves, with a rim in the colour of the ground that both shine through: neither may hide the other. */
  private drawBaselineLabels(): void {
    if (!this.content) return;
    const { ctx, chartArea } = this.chart;
    const { muted, surface, font } = this.content.colors;
    ctx.save();
    ctx.font = `11px ${font}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = muted;
    ctx.strokeStyle = surface;
    ctx.lineWidth = 3;
    ctx.lineJoin = 'round';
    const lines = this.placedBaselines(this.content).map(({ label, y }) => ({
      label,
      y,
      width: ctx.measureText(label).width,
    }));
    for (const {
      line: { label },
      box,
    } of placeLabels(lines, chartArea)) {
      const middle = box.top + labelHeight / 2;
      ctx.globalAlpha = 0.6;
      ctx.strokeText(label, box.left, middle);
      ctx.globalAlpha = 1;
      ctx.fillText(label, box.left, middle);
    }
    ctx.restore();
  }

  /** From top to bottom. */
  private placedBaselines({ baselines }: PlotContent): { label: string; y: number }[] {
    const scale = this.chart.scales.y;
    if (!scale) return [];
    return baselines
      .map(({ label, value }) => ({ label, y: Math.round(scale.getPixelForValue(value)) + 0.5 }))
      .sort((one, other) => one.y - other.y);
  }

  /** ✕ where a value has no place (at the top: not finite; at the bottom: no logarithm), | where a run was stopped early. */
  private drawMarks(): void {
    if (!this.content) return;
    const { ctx, chartArea, scales } = this.chart;
    if (!scales.x || !scales.y) return;
    ctx.save();
    ctx.lineWidth = 1.5;
    for (const { identity, thin, bold, stoppedEarly } of this.content.runs) {
      ctx.strokeStyle = colorOf(this.content, identity);
      this.drawCrosses([...(thin?.nonFinite ?? []), ...(bold?.nonFinite ?? [])], chartArea.top + 6);
      this.drawCrosses([...(thin?.notPositive ?? []), ...(bold?.notPositive ?? [])], chartArea.bottom - 6);
      const end = stoppedEarly ? bold?.line.findLast(({ y }) => Number.isFinite(y)) : undefined;
      if (end) {
        const x = scales.x.getPixelForValue(end.x);
        const y = scales.y.getPixelForValue(end.y);
        line(ctx, x, y - 8, x, y + 8);
      }
    }
    ctx.restore();
  }

  private drawCrosses(marks: readonly { x: number }[], y: number): void {
    const { ctx, chartArea, scales } = this.chart;
    let lastPixel = -Infinity;
    for (const mark of marks) {
      const x = scales.x?.getPixelForValue(mark.x) ?? NaN;
      if (!(x - lastPixel >= 7 && x >= chartArea.left && x <= chartArea.right)) continue;
      lastPixel = x;
      cross(ctx, x, y, 3);
    }
  }

  private drawCursor(): void {
    if (!this.content || this.epoch === null) return;
    const { ctx, chartArea, scales } = this.chart;
    const { x, y } = scales;
    if (!x || !y) return;
    const { colors, runs, x: axis } = this.content;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left - 6, chartArea.top, chartArea.width + 12, chartArea.height);
    ctx.clip();
    ctx.strokeStyle = colors.cursor;
    ctx.lineWidth = 1;
    if (axis === 'epoch') {
      const pixel = Math.round(x.getPixelForValue(this.epoch)) + 0.5;
      line(ctx, pixel, chartArea.top, pixel, chartArea.bottom);
    }
    for (const run of runs) {
      const point = pointAtEpoch(run.bold?.line ?? [], this.epoch);
      if (!point) continue;
      const px = x.getPixelForValue(point.x);
      if (axis !== 'epoch') {
        ctx.strokeStyle = colorOf(this.content, run.identity);
        ctx.lineWidth = 1;
        ctx.setLineDash([2, 3]);
        line(ctx, px, chartArea.top, px, chartArea.bottom);
        ctx.setLineDash([]);
      }
      ctx.fillStyle = colorOf(this.content, run.identity);
      ctx.strokeStyle = colors.surface;
      ctx.lineWidth = 1.5;
      drawMarker(ctx, run.identity.marker, px, y.getPixelForValue(point.y), 6);
    }
    ctx.restore();
  }
}

/** The point measured at an epoch, or the last one before it. */
export function pointAtEpoch(points: readonly LinePoint[], epoch: number): LinePoint | undefined {
  return points.findLast((point) => point.epoch <= epoch + 1e-6 && Number.isFinite(point.y));
}

function datasetsOf(run: PlotRun, content: PlotContent): ChartDataset<'line', LinePoint[]>[] {
  const color = colorOf(content, run.identity);
  const cut = (points: LinePoint[]) => visible(points, content.zoom);
  const lines: ChartDataset<'line', LinePoint[]>[] = [];
  const add = (points: LinePoint[], style: Partial<ChartDataset<'line', LinePoint[]>>) => {
    if (points.length > 0)
      lines.push({ data: cut(points), pointRadius: 0, pointHitRadius: 0, clip: 6, ...style });
  };

  for (const [series, width] of [
    [run.thin, 1],
    [run.bold, 2],
  ] as const) {
    if (!series) continue;
    const smoothed = series.smooth !== null;
    add(series.superseded, { borderColor: `${color}66`, borderWidth: width, borderDash: [2, 3], order: 4 });
    add(series.line, {
      borderColor: smoothed ? `${color}4d` : width === 1 ? `${color}b3` : color,
      borderWidth: smoothed ? 1 : width,
      order: width === 1 ? 3 : 2,
      ...(width === 2 ? pointsOf(cut(series.line), run.identity.marker, color) : {}),
    });
    if (series.smooth) add(series.smooth, { borderColor: color, borderWidth: width + 0.25, order: 1 });
  }
  return lines;
}

function pointsOf(points: readonly LinePoint[], marker: Marker, color: string) {
  const many = points.length > mostMarkers;
  return {
    pointStyle: pointStyles[marker].style,
    pointRotation: pointStyles[marker].rotation,
    pointRadius: points.map((_, index) => (many && index < points.length - 1 ? 0 : 4)),
    pointBackgroundColor: color,
    pointBorderColor: color,
    pointBorderWidth: marker === 'plus' ? 2 : 0,
  };
}

const pointStyles = {
  circle: { style: 'circle', rotation: 0 },
  triangle: { style: 'triangle', rotation: 0 },
  square: { style: 'rect', rotation: 0 },
  diamond: { style: 'rectRot', rotation: 0 },
  triangleDown: { style: 'triangle', rotation: 180 },
  plus: { style: 'cross', rotation: 0 },
} as const;

/** The part in sight with a neighbour at each side, so that the y axis fits what is seen. */
function visible(points: LinePoint[], zoom: [number, number] | null): LinePoint[] {
  if (!zoom) return points;
  const from = points.findIndex(({ x }) => x >= zoom[0]);
  const to = points.findLastIndex(({ x }) => x <= zoom[1]);
  return from < 0 ? points.slice(-1) : points.slice(Math.max(0, from - 1), to + 2);
}

const colorOf = ({ colors }: PlotContent, { color }: Identity) => colors.runs[color] ?? colors.text;

const timeSteps = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800];

/** Seconds between the ticks of a time axis: whole minutes and hours, at most about eight of them. */
function timeStep({ zoom, runs }: PlotContent): number {
  const ends = runs.map(({ thin, bold }) => Math.max(thin?.line.at(-1)?.x ?? 0, bold?.line.at(-1)?.x ?? 0));
  const seconds = zoom ? zoom[1] - zoom[0] : Math.max(1, ...ends);
  return timeSteps.find((step) => seconds / step <= 8) ?? 2_592_000;
}

function formatX(value: number, axis: XAxis): string {
  if (axis === 'time') return formatDuration(value);
  return String(Number(value.toFixed(2)));
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  line(ctx, x - radius, y - radius, x + radius, y + radius);
  line(ctx, x - radius, y + radius, x + radius, y - radius);
}
