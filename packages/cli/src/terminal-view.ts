// The live view of `download`, `seed` and `demo`: one line per torrent with a bar, at the bottom of the terminal; what happens
// scrolls by above it. Drawn here rather than with cli-progress, whose log lines are lost when no bar exists yet and leave rests
// of the bars behind.

import type { OutputStream } from './cli-context.ts'
import { oneLine } from './failure.ts'
import type { CheckingLine, HashingLine, ProgressLine, ReportLine } from './json-lines.ts'
import { LiveArea } from './live-area.ts'
import { formatBytes, formatDuration, formatPercent, formatRate } from './quantity.ts'
import { countPeers, describeLine, type Reporter, shareOf } from './reporter.ts'

/** Milliseconds between two drawings at least: faster than this nobody reads. */
const pause = 120

const closing: ReadonlySet<string> = new Set(['done', 'demo', 'verified', 'created', 'edited'])

/** Characters of a name that are shown. */
const longestName = 24

/** What one line of the view says. */
export interface Row {
  readonly name: string
  readonly text: string
  /** 0 … 1 */
  readonly share: number
}

export class TerminalView implements Reporter {
  readonly #area: LiveArea
  readonly #now: () => number
  readonly #rows = new Map<string, Row>()
  #drawnAt = Number.NEGATIVE_INFINITY

  /** `now` counts milliseconds. */
  constructor(out: OutputStream, now: () => number) {
    this.#area = new LiveArea(out)
    this.#now = now
  }

  tell(line: ReportLine): Promise<void> {
    if (line.type === 'checking') this.#show(line.torrent, checkingRow(line))
    else if (line.type === 'hashing') this.#show('', hashingRow(line))
    else if (line.type === 'progress') this.progress([line])
    else {
      const text = describeLine(line)
      // The last word stands below the bars.
      if (closing.has(line.type)) this.#area.settle()
      if (text !== undefined) this.#area.log(text)
    }
    return Promise.resolve()
  }

  progress(lines: readonly ProgressLine[]): void {
    for (const line of lines) this.#rows.set(line.torrent, progressRow(line))
    this.#draw()
  }

  [Symbol.dispose](): void {
    this.#area[Symbol.dispose]()
  }

  #show(torrent: string, row: Row): void {
    this.#rows.set(torrent, row)
    if (this.#now() - this.#drawnAt >= pause || row.share === 1) this.#draw()
  }

  #draw(): void {
    this.#drawnAt = this.#now()
    const rows = [...this.#rows.values()]
    const widest = Math.min(longestName, Math.max(...rows.map(({ name }) => name.length)))
    this.#area.draw(rows.map((row) => drawRow(row, this.#area.columns, widest)))
  }
}

function checkingRow(line: CheckingLine): Row {
  const share = line.of === 0 ? 1 : line.done / line.of
  return { name: 'checking', text: `${formatPercent(share)}  ${line.have} of ${line.of} pieces good`, share }
}

function hashingRow(line: HashingLine): Row {
  const share = line.of === 0 ? 1 : line.done / line.of
  return { name: 'hashing', text: `${formatPercent(share)} of ${formatBytes(line.of)}`, share }
}

function progressRow(line: ProgressLine): Row {
  const share = shareOf(line)
  const rates = `↓ ${formatRate(line.downRate)}  ↑ ${formatRate(line.upRate)}  ${countPeers(line.peers)}`
  const left = line.bytesLeft === 0 ? 'complete' : `${formatDuration(line.eta ?? undefined)} left`
  const text = `${formatPercent(share)} of ${formatBytes(line.bytesWanted)}  ${rates}  ${left}`
  return { name: oneLine(line.name), text, share }
}

/**
 * Name, bar and figures in at most `columns` characters: the bar gives way first, then the name, then the figures. `widest` is the
 * length of the longest name of all rows, so that bars stand below each other.
 */
export function drawRow(row: Row, columns: number, widest: number = longestName): string {
  const nameWidth = Math.max(6, Math.min(widest, columns - row.text.length - 14))
  const name = row.name.length > nameWidth ? `${row.name.slice(0, nameWidth - 1)}…` : row.name.padEnd(nameWidth)
  const barWidth = Math.min(30, columns - nameWidth - row.text.length - 4)
  const bar = barWidth < 5 ? '' : `${drawBar(row.share, barWidth)}  `
  return `${name}  ${bar}${row.text}`.slice(0, columns)
}

function drawBar(share: number, width: number): string {
  const full = Math.floor(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}
