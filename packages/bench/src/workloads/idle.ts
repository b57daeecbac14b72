// Row 7: many complete torrents of one small file, added from what an earlier session remembered, then left alone. Afterwards one of
// them is downloaded by libtorrent, so that "seeding" is more than a word.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { comparePayload, type Ground, libtorrent, makeTorrent, type Payload, writePayload } from '@torrential/interop'
import type { Contestant, Round } from '../contest.ts'
import { oneFile } from '../material.ts'
import { type Command, measure, type Measurement } from '../measured-run.ts'
import { OthersWatch } from '../others-watch.ts'
import { OURS } from '../ours.ts'
import { usageOf } from '../process-usage.ts'
import { libtorrentProgram, ourProgram } from '../programs.ts'
import { Running } from '../running.ts'
import { ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'

const fileLength = 1000

interface Many {
  readonly ground: Ground
  /** How long they are left alone. */
  readonly idleSeconds: number
  readonly payloads: readonly Payload[]
  readonly torrents: readonly { readonly file: string; readonly directory: string }[]
}

type CommandOf = (config: object) => Command | Promise<Command>

/** Row 7. */
export const idle: Workload = {
  name: 'idle',
  row: 7,
  title: 'many torrents of one small file, added from state and seeding idle',
  size: 10_000,
  unit: 'torrents',
  counterparts: [libtorrent],
  requires: [libtorrent],
  columns: [
    ownColumn('add', 'add s', 2),
    ownColumn('each', 'kB each', 1),
    ownColumn('idle', 'idle CPU %', 2),
    ...USUAL_COLUMNS.filter(({ key }) => key !== 'wall'),
  ],
  goals: [
    { figure: 'add', atMost: 5 },
    { figure: 'each', atMost: 10 },
    { figure: 'idle', against: 'libtorrent', atMost: 1 },
  ],
  // A page each for the file, its .torrent, two records.
  space: (size) => 5 * 4096 * size,
  async prepare({ ground, size, seconds, wanted }) {
    const many = { ...(await makeMany(ground, size)), idleSeconds: seconds }
    const contestants: Contestant[] = []
    const add = async (name: string, commandOf: CommandOf): Promise<void> => {
      if (wanted(name)) contestants.push(await contestant(many, name, commandOf))
    }
    await add(OURS, (config) => ourProgram('torrential-idle', config))
    await add('libtorrent', libtorrentProgram)
    return { contestants }
  },
}

async function makeMany(ground: Ground, count: number): Promise<Omit<Many, 'idleSeconds'>> {
  const directory = await ground.folder('source')
  const files = await ground.folder('torrents')
  const payloads = Array.from({ length: count }, (_, index) => oneFile(fileLength, 16_384, `${index}.bin`, index))
  const torrents = []
  for (const [index, payload] of payloads.entries()) {
    const file = join(files, `${index}.torrent`)
    await writePayload(payload, directory)
    await writeFile(file, makeTorrent(payload).bytes)
    torrents.push({ file, directory })
  }
  return { ground, payloads, torrents }
}

async function contestant(many: Many, name: string, commandOf: CommandOf): Promise<Contestant> {
  const { ground, torrents, idleSeconds } = many
  const config = { host: ground.host, torrents, state: await ground.folder('state'), idleSeconds }
  const figures = join(await ground.folder('figures'), 'state')
  await measure(await commandOf({ ...config, role: 'state' }), { figures, deadline: 600_000 })
  return { name, run: async (round) => run(many, name, await commandOf({ ...config, role: 'idle' }), round) }
}

async function run(many: Many, name: string, command: Command, round: Round): Promise<Measurement> {
  const watch = await OthersWatch.start([process.pid])
  const start = performance.now()
  await using running = new Running(name, command)
  const { values, ports } = await running.line('to have idled', (line) => line['values'] !== undefined)
  const wallSeconds = (performance.now() - start) / 1000
  const usage = await usageOf(running.pid)
  const othersShare = await watch.share(wallSeconds, usage.cpuSeconds)
  await downloadOne(many, `${many.ground.host}:${(ports as number[])[0]}`, round)
  return { wallSeconds, ...usage, othersShare, values: values as Record<string, number> }
}

async function downloadOne({ ground, payloads, torrents }: Many, peer: string, round: Round): Promise<void> {
  const one = torrents.length >> 1
  const directory = join(round.target, 'one')
  await mkdir(directory)
  const torrent = { file: torrents[one]?.file, directory }
  const config = { role: 'leech', host: ground.host, peers: [peer], torrents: [torrent] }
  await measure(await libtorrentProgram(config), { figures: round.figures, deadline: 60_000 })
  await comparePayload(payloads[one] as Payload, directory)
}
