// Row 10: announces answered by a tracker with many swarms. The load runs on the other core and a tracker in C answers faster than a
// load in JavaScript asks, so what the goals compare is announces per CPU second of the tracker: what one core could do.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Ground, type Needed, opentracker, startOpentracker, until } from '@torrential/interop'
import { type Announce, announceOverHttp, announceOverUdp, type Began } from '../announce-load.ts'
import type { Contestant } from '../contest.ts'
import type { Measurement } from '../measured-run.ts'
import { OthersWatch } from '../others-watch.ts'
import { OURS } from '../ours.ts'
import { usageOf } from '../process-usage.ts'
import { npmEntry, npmProgram, torrentialCommand } from '../programs.ts'
import { Running } from '../running.ts'
import { ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'

// WebTorrent depends on it.
const npmServer = 'bittorrent-tracker/server.js'

const npmTracker: Needed = {
  name: 'bittorrent-tracker',
  available: async () =>
    existsSync(new URL(npmEntry(npmServer))) || 'bittorrent-tracker is not installed (packages/interop/bin/prepare.sh)',
}

interface RunningTracker {
  readonly pid: number
  readonly port: number
  readonly stop: () => Promise<void>
}

interface Variant {
  readonly protocol: 'udp' | 'http'
  readonly announce: Announce
  readonly goals: Workload['goals']
  /** Swarms with a peer before time is taken: over HTTP all of them would take longer than the rest. */
  readonly first: number
}

const variants: readonly Variant[] = [
  {
    protocol: 'udp',
    announce: announceOverUdp,
    goals: [
      { figure: 'perCpu', against: 'opentracker', atLeast: 0.5 },
      { figure: 'perCpu', against: 'bittorrent-tracker', atLeast: 5 },
    ],
    first: Infinity,
  },
  { protocol: 'http', announce: announceOverHttp, goals: [], first: 2_000 },
]

/** UDP and HTTP. */
export const trackerWorkloads: readonly Workload[] = variants.map(({ protocol, announce, goals, first }) => ({
  name: `tracker-${protocol}`,
  row: 10,
  title: `${protocol.toUpperCase()} announces to a tracker`,
  size: 100_000,
  unit: 'swarms',
  counterparts: [opentracker, npmTracker],
  columns: [
    ownColumn('perCpu', 'announces per CPU s', 0),
    ownColumn('rate', 'announces per s', 0),
    ...USUAL_COLUMNS.filter(({ key }) => key === 'peak'),
  ],
  goals,
  space: (size) => 100 * size,
  async prepare({ ground, size, seconds }) {
    const infoHashes = Array.from({ length: size }, (_, index) => createHash('sha1').update(`${index}`).digest())
    const plan = { infoHashes, first: Math.min(first, size), host: ground.host, seconds }
    const contestant = (name: string, start: () => Promise<RunningTracker>): Contestant => ({
      name,
      async run() {
        const running = await start()
        try {
          return await underLoad(running, (began) => announce({ ...plan, port: running.port }, began))
        } finally {
          await running.stop()
        }
      },
    })
    return {
      contestants: [
        contestant(OURS, () => ours(ground)),
        contestant('opentracker', () => theirs(ground, infoHashes)),
        contestant('bittorrent-tracker', () => npms(ground, protocol)),
      ],
    }
  },
}))

async function underLoad({ pid }: RunningTracker, load: (began: Began) => Promise<number>): Promise<Measurement> {
  let [start, before, watch] = [0, 0, undefined as OthersWatch | undefined]
  const count = await load(async () => {
    watch = await OthersWatch.start([process.pid, pid])
    before = (await usageOf(pid)).cpuSeconds
    start = performance.now()
  })
  const wallSeconds = (performance.now() - start) / 1000
  const othersShare = (await watch?.share(wallSeconds, 0)) ?? 0
  const after = await usageOf(pid)
  const cpuSeconds = after.cpuSeconds - before
  const values = { rate: count / wallSeconds, perCpu: count / cpuSeconds }
  return { wallSeconds, cpuSeconds, peakBytes: after.peakBytes, othersShare, values }
}

async function ours(ground: Ground): Promise<RunningTracker> {
  const running = new Running(OURS, torrentialCommand('tracker', '--host', ground.host, '--port', '0', '--json'))
  const line = await running.line('to serve', ({ type }) => type === 'ready')
  return { pid: running.pid, port: line['port'] as number, stop: () => running[Symbol.asyncDispose]() }
}

async function npms(ground: Ground, protocol: 'udp' | 'http'): Promise<RunningTracker> {
  const { command, args } = npmProgram('npm-tracker', npmServer, {})
  const running = new Running('bittorrent-tracker', { command, args: [...args, ground.host] })
  const line = await running.line('to serve', (said) => said['udp'] !== undefined)
  return { pid: running.pid, port: line[protocol] as number, stop: () => running[Symbol.asyncDispose]() }
}

async function theirs(ground: Ground, infoHashes: readonly Buffer[]): Promise<RunningTracker> {
  const hashes = infoHashes.map((hash) => hash.toString('hex'))
  const { pid, http, stop } = await startOpentracker(ground, hashes)
  // It reads its whitelist beside its work, and refuses what it has not read yet.
  const last = hashes.at(-1)?.replace(/../g, '%$&')
  const query = `?info_hash=${last}&peer_id=-XX0000-abcdefghijkl&port=1&uploaded=0&downloaded=0&left=1&compact=1`
  await until('opentracker to know all torrents', async () => {
    const reply = await fetch(`${http}${query}`)
    return (await reply.text()).includes('5:peers')
  })
  return { pid, port: Number(new URL(http).port), stop }
}
