// `torrential demo`: a whole swarm on this machine, with no network and nothing to set up. A tracker, a seed and two leeches run
// as processes of their own; the leeches find everybody through the tracker and trade with each other. The end is an independent
// comparison of every byte of both copies with the original.

import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InputError, withAbort } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { createTorrent } from '@torrential/storage'
import type { CliContext } from '../cli-context.ts'
import { compareFolders } from '../demo/compare-folders.ts'
import { SAMPLE_NAME, type SampleFile, sampleFiles, SMALLEST_SAMPLE, writeSample } from '../demo/sample-data.ts'
import { type ReadLine, SwarmProcess } from '../demo/swarm-process.ts'
import { EXIT } from '../exit-code.ts'
import { CommandError } from '../failure.ts'
import type { DemoLine, ProgressLine } from '../json-lines.ts'
import { openReporter } from '../open-reporter.ts'
import { formatBytes } from '../quantity.ts'
import type { Reporter } from '../reporter.ts'
import { writeTorrentFile } from '../write-torrent-file.ts'

export interface DemoOptions {
  /** Bytes of data, at least 4 MiB. @default 256 MiB */
  readonly size: number
  /** Leaves the folder behind. */
  readonly keep?: boolean
  readonly json?: boolean
}

const leechNames = ['leech 1', 'leech 2']
/** Milliseconds without a new piece after which the demo gives up. */
const stallAfter = 60_000
/** Milliseconds between two looks at the leeches. */
const tick = 500

type Leech = DemoLine['leeches'][number]

/** Exit code 0 when both copies are identical to the original, else 1. */
export async function demo(options: DemoOptions, context: CliContext): Promise<number> {
  const { size } = options
  if (size < SMALLEST_SAMPLE) throw new InputError('OPTION_VALUE', '--size is at least 4M', { size })
  await requireSpace(tmpdir(), size)
  using reporter = openReporter(options.json === true, context)
  const folder = await mkdtemp(join(tmpdir(), 'torrential-demo-'))
  try {
    const result = await play(folder, sampleFiles(size), reporter, context.signal)
    await reporter.tell(result)
    return result.identical ? EXIT.done : EXIT.failed
  } finally {
    if (options.keep === true) await reporter.tell({ type: 'step', text: `everything is in ${folder}` })
    else await rm(folder, { recursive: true, force: true })
  }
}

async function play(folder: string, files: readonly SampleFile[], reporter: Reporter, signal: AbortSignal) {
  const started = systemClock.now()
  const length = files.reduce((sum, file) => sum + file.length, 0)
  const tell = (text: string) => reporter.tell({ type: 'step', text })
  await tell(`writing ${files.length} files, ${formatBytes(length)}, into ${folder}`)
  const original = join(folder, 'seed', SAMPLE_NAME)
  await writeSample(original, files, { signal })
  const leeches = await share(folder, reporter, signal)
  await tell('comparing both copies with the original, byte for byte')
  const differences: string[] = []
  let compared = 0
  for (const name of leechNames) {
    const result = await compareFolders(original, join(folder, name, SAMPLE_NAME), { signal })
    compared += result.bytes
    differences.push(...result.differences.map((text) => `${name}: ${text}`))
  }
  const identical = differences.length === 0 && compared === length * leechNames.length
  const seconds = Math.round(systemClock.now() - started) / 1000
  return {
    type: 'demo',
    identical,
    length,
    files: files.length,
    compared,
    differences: differences.slice(0, 20),
    leeches,
    seconds,
  } satisfies DemoLine
}

/** Runs the swarm until both leeches have everything. All its processes have ended when this resolves or throws. */
async function share(folder: string, reporter: Reporter, signal: AbortSignal): Promise<Leech[]> {
  const local = ['--host', '127.0.0.1', '--port', '0', '--json']
  await using tracker = new SwarmProcess('tracker', ['tracker', ...local])
  const { urls } = await withAbort(tracker.line('ready'), signal)
  const url = (urls as readonly string[])[0] as string
  await reporter.tell({ type: 'step', text: `tracker at ${url}` })
  const torrentFile = join(folder, 'demo.torrent')
  await using creation = createTorrent(join(folder, 'seed', SAMPLE_NAME), { trackers: [[url]], signal })
  await writeTorrentFile(torrentFile, await creation.result)
  const member = (name: string) => ['--path', join(folder, name), '--state', join(folder, 'state', name), ...local]
  await using seed = new SwarmProcess('seed', ['seed', torrentFile, ...member('seed')])
  const { port } = await withAbort(seed.line('ready'), signal)
  await reporter.tell({
    type: 'step',
    text: `seed on port ${String(port)}; two leeches start with nothing but the .torrent`,
  })
  using watch = new Watch(reporter)
  for (const name of leechNames) await mkdir(join(folder, name))
  const start = (name: string) =>
    new SwarmProcess(name, ['download', torrentFile, '--seed', ...member(name)], (line) => watch.see(name, line))
  await using first = start(leechNames[0] as string)
  await using second = start(leechNames[1] as string)
  const both = [first, second]
  await withAbort(Promise.race([Promise.all(both.map((leech) => leech.line('done'))), watch.stalled]), signal)
  return both.map(resultOf)
}

function resultOf(leech: SwarmProcess): Leech {
  const done = leech.last('done')
  const seconds = numberIn(done, 'seconds')
  const downloaded = numberIn(done, 'downloaded')
  // It goes on giving after it is done: the latest figure counts.
  const uploaded = Math.max(numberIn(done, 'uploaded'), numberIn(leech.last('progress'), 'uploaded'))
  return { name: leech.name, seconds, rate: Math.round(downloaded / Math.max(seconds, 0.001)), downloaded, uploaded }
}

/** Shows the leeches' progress, and notices when there is none. */
class Watch implements Disposable {
  readonly stalled: Promise<never>
  readonly #reporter: Reporter
  readonly #latest = new Map<string, ProgressLine>()
  readonly #ticker: ReturnType<typeof setInterval>
  #fail: (error: Error) => void = () => {}
  #stall: ReturnType<typeof setTimeout>

  constructor(reporter: Reporter) {
    this.#reporter = reporter
    this.stalled = new Promise((_, reject) => {
      this.#fail = reject
    })
    // Nobody waits for it once the leeches are done.
    this.stalled.catch(() => {})
    this.#stall = this.#arm()
    this.#ticker = setInterval(() => this.#show(), tick)
  }

  see(name: string, line: ReadLine): void {
    if (line.type === 'piece') {
      clearTimeout(this.#stall)
      this.#stall = this.#arm()
    }
    if (line.type === 'progress') this.#latest.set(name, { ...(line as unknown as ProgressLine), torrent: name, name })
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#stall)
    clearInterval(this.#ticker)
    this.#show()
  }

  #show(): void {
    this.#reporter.progress([...this.#latest.values()])
  }

  #arm(): ReturnType<typeof setTimeout> {
    const error = () => new CommandError('DEMO_STALLED', `no piece has arrived for ${stallAfter / 1000} s`)
    return setTimeout(() => this.#fail(error()), stallAfter)
  }
}

async function requireSpace(folder: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const needed = size * 3 + 64 * 1024 * 1024
  if (bavail * bsize >= needed) return
  const text = `${folder} has ${formatBytes(bavail * bsize)} free, the demo needs ${formatBytes(needed)}; try --size or TMPDIR`
  throw new CommandError('DEMO_SPACE', text)
}

function numberIn(line: ReadLine | undefined, field: string): number {
  const value = line?.[field]
  return typeof value === 'number' ? value : 0
}
