// How `download`, `seed` and `demo` talk: JSON lines for programs, plain lines for logs, a live view for people. All three get
// the same lines, so that none knows more than the others.

import type { OutputStream } from './cli-context.ts'
import { drainedWrite } from './drained-write.ts'
import { oneLine } from './failure.ts'
import {
  type CreatedLine,
  type DemoLine,
  type EditedLine,
  jsonLine,
  type ProgressLine,
  type ReportLine,
} from './json-lines.ts'
import { formatBytes, formatDuration, formatPercent, formatRate } from './quantity.ts'

export interface Reporter extends Disposable {
  /** Something happened. Resolves when more can be taken; undefined when there is nothing to wait for. */
  tell(line: ReportLine): Promise<void> | undefined
  /** How far every torrent is, a few times a second. */
  progress(lines: readonly ProgressLine[]): void
}

/** Milliseconds for which lines about pieces and files may be gathered. */
const gatherTime = 20

/**
 * One JSON object per line; progress is left out while the reader is behind. Lines about pieces and files come by the thousand, and
 * a write to a pipe costs as much as hashing a small piece: they leave together, with the next other line or 20 ms later.
 */
export class JsonReporter implements Reporter {
  readonly #out: OutputStream
  #gathered = ''
  #timer: NodeJS.Timeout | undefined
  /** Writes that the reader has not taken yet. */
  #behind = 0

  constructor(out: OutputStream) {
    this.#out = out
  }

  tell(line: ReportLine): Promise<void> | undefined {
    this.#gathered += jsonLine(line)
    const isOfMany = line.type === 'piece' || line.type === 'file-complete'
    if (!isOfMany || this.#behind > 0) return this.#flush()
    this.#timer ??= setTimeout(() => void this.#flush(), gatherTime)
    return undefined
  }

  progress(lines: readonly ProgressLine[]): void {
    for (const line of lines) if (this.#behind === 0) void this.tell(line)
  }

  [Symbol.dispose](): void {
    void this.#flush()
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#gathered
    this.#gathered = ''
    this.#behind++
    await drainedWrite(this.#out, lines)
    this.#behind--
  }
}

/** Milliseconds between two lines about progress: a tenth of the time that has passed, within these bounds. */
const shortestPause = 1000
const longestPause = 30_000

/** Text without a cursor: for logs, pipes and terminals that cannot. The longer it takes, the rarer the lines about progress. */
export class PlainReporter implements Reporter {
  readonly #out: OutputStream
  readonly #now: () => number
  readonly #started: number
  #next: number

  /** `now` counts milliseconds. */
  constructor(out: OutputStream, now: () => number) {
    this.#out = out
    this.#now = now
    this.#started = now()
    this.#next = this.#started + shortestPause
  }

  async tell(line: ReportLine): Promise<void> {
    // These come a hundred times; most checks are over before anybody has read the first.
    if (isFrequent(line) && !this.#isTime()) return
    const text = describeLine(line)
    if (text !== undefined) await drainedWrite(this.#out, `${text}\n`)
  }

  progress(lines: readonly ProgressLine[]): void {
    if (lines.length === 0 || !this.#isTime()) return
    for (const line of lines) this.#out.write(`${describeLine(line)}\n`)
  }

  [Symbol.dispose](): void {}

  #isTime(): boolean {
    const now = this.#now()
    if (now < this.#next) return false
    this.#next = now + Math.min(longestPause, Math.max(shortestPause, (now - this.#started) / 10))
    return true
  }
}

function isFrequent({ type }: ReportLine): boolean {
  return type === 'checking' || type === 'hashing' || type === 'progress'
}

/** A line as a sentence without line break; undefined for what only programs want to know. */
export function describeLine(line: ReportLine): string | undefined {
  switch (line.type) {
    case 'ready':
      return `ready     ${oneLine(line.name)}: ${line.have} of ${line.of} pieces are here, port ${line.port}`
    case 'metadata':
      return `metadata  ${oneLine(line.name)}: ${formatBytes(line.length)} in ${line.files} ${line.files === 1 ? 'file' : 'files'}`
    case 'checking':
      return `checking  ${line.done} of ${line.of} pieces looked at, ${line.have} good`
    case 'progress':
      return `progress  ${oneLine(line.name)}: ${describeProgress(line)}`
    case 'piece':
      return undefined
    case 'file-complete':
      return `file      ${oneLine(line.path)}, ${formatBytes(line.length)}`
    case 'torrent-done':
      return `complete  ${oneLine(line.name)}`
    case 'done':
      return describeDone(line.seconds, line.downloaded, line.uploaded)
    case 'error':
      // Errors go to stderr, where every command puts them.
      return undefined
    case 'warning':
      return `warning   ${line.url === undefined ? '' : `${oneLine(line.url)}: `}${oneLine(line.message)} (${line.code})`
    case 'lagged':
      return undefined
    case 'file-damaged':
      return `damaged   ${oneLine(line.path)}: ${line.have} of ${line.of} pieces are good`
    case 'verified':
      return `verified  ${line.have} of ${line.of} pieces are good${line.have === line.of ? ', complete' : ''}`
    case 'hashing':
      return `hashing   ${formatBytes(line.done)} of ${formatBytes(line.of)}`
    case 'created':
      return describeCreated(line)
    case 'edited':
      return describeEdited(line)
    case 'step':
      return `demo      ${line.text}`
    case 'demo':
      return describeDemo(line)
    case 'stopping':
      return 'stopping  telling trackers; Ctrl-C again quits at once'
    default:
      throw line satisfies never
  }
}

/** `34.0 % of 1.20 GiB, down 12.0 MiB/s, up 0 B/s, 4 peers, 3 m 05 s left` */
export function describeProgress(line: ProgressLine): string {
  const rates = `down ${formatRate(line.downRate)}, up ${formatRate(line.upRate)}, ${countPeers(line.peers)}`
  if (line.bytesLeft === 0) return `complete, ${rates}, ${formatBytes(line.uploaded)} uploaded`
  const left = line.eta === null ? '' : `, ${formatDuration(line.eta)} left`
  return `${formatPercent(shareOf(line))} of ${formatBytes(line.bytesWanted)}, ${rates}${left}`
}

/** `1 peer`, `2 peers` */
export function countPeers(peers: number): string {
  return `${peers} ${peers === 1 ? 'peer' : 'peers'}`
}

/** 0 … 1 of the bytes that are wanted. */
export function shareOf(line: ProgressLine): number {
  if (line.bytesWanted === 0) return 1
  // Pieces at the edges of a selection hold bytes of other files too, so that more can be missing than is wanted.
  return Math.max(0, 1 - line.bytesLeft / line.bytesWanted)
}

function describeCreated(line: CreatedLine): string {
  const size = `${formatBytes(line.length)} in ${line.files} ${line.files === 1 ? 'file' : 'files'}`
  const pieces = `${line.pieceCount} pieces of ${formatBytes(line.pieceLength)}`
  return `created   ${oneLine(line.path)}: ${size}, ${pieces}, infohash ${line.infoHashV1 ?? line.infoHashV2}`
}

function describeEdited({ path, trackers, webSeeds, infoHashV1, infoHashV2 }: EditedLine): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  const urls = `${count(trackers.flat().length, 'tracker')}, ${count(webSeeds.length, 'web seed')}`
  return `edited    ${oneLine(path)}: ${urls}, still infohash ${infoHashV1 ?? infoHashV2}`
}

function describeDemo(line: DemoLine): string {
  const lines = line.leeches.map(({ name, seconds, rate, uploaded }) => {
    const figures = `${formatBytes(line.length)} in ${formatDuration(seconds * 1000)}, ${formatRate(rate)}`
    return `${name.padEnd(9)} ${figures}; gave ${formatBytes(uploaded)} to the others`
  })
  for (const difference of line.differences) lines.push(`DIFFERENT ${oneLine(difference)}`)
  const verdict = line.identical ? 'identical' : 'NOT the same'
  const compared = `${formatBytes(line.compared)} compared with the original: ${verdict}`
  lines.push(`result    ${compared}; everything took ${formatDuration(line.seconds * 1000)}`)
  return lines.join('\n')
}

function describeDone(seconds: number, downloaded: number, uploaded: number): string {
  const rate = seconds > 0 && downloaded > 0 ? ` (${formatRate(downloaded / seconds)})` : ''
  const moved = `${formatBytes(downloaded)} downloaded${rate}, ${formatBytes(uploaded)} uploaded`
  return `done      in ${formatDuration(seconds * 1000)}: ${moved}`
}
