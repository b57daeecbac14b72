// Rows 1 and 2: one torrent, one libtorrent seed, each program downloads it in turn.
import {
  aria2,
  type Counterpart,
  FixedTracker,
  type Ground,
  libtorrent,
  type Payload,
  webtorrent,
} from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { fileTree, makeMaterial, type Material, MEBI, oneFile } from '../material.ts'
import { type Command, measure } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { aria2Download, libtorrentProgram, npmProgram, torrentialCommand } from '../programs.ts'
import { libtorrentSeed, torrentOf } from '../seeds.ts'
import type { Goal } from '../goal.ts'
import type { Workload } from '../workload.ts'

interface Variant {
  readonly name: string
  readonly row: number
  readonly what: string
  readonly size: number
  readonly payload: (size: number) => Payload
  readonly goals?: readonly Goal[]
  readonly counterparts?: readonly Counterpart[]
}

const variants: readonly Variant[] = [
  {
    name: 'leech',
    row: 1,
    what: '1 MiB pieces',
    size: 2048 * MEBI,
    payload: (size) => oneFile(size),
    goals: [
      { figure: 'wall', against: 'libtorrent', atMost: 0.9 },
      { figure: 'cpu', against: 'aria2', atMost: 1 },
      { figure: 'peak', atMost: 120 },
    ],
  },
  { name: 'leech-16k', row: 2, what: '16 KiB pieces', size: 2048 * MEBI, payload: (size) => oneFile(size, 16_384) },
  { name: 'leech-256k', row: 2, what: '256 KiB pieces', size: 2048 * MEBI, payload: (size) => oneFile(size, MEBI / 4) },
  { name: 'leech-16m', row: 2, what: '16 MiB pieces', size: 2048 * MEBI, payload: (size) => oneFile(size, 16 * MEBI) },
  {
    name: 'leech-tree',
    row: 2,
    what: '20,000 files',
    size: 400 * MEBI,
    payload: (size) => fileTree(size, 20_000, MEBI / 4),
    // WebTorrent opens every file of a torrent at once, more than a process may.
    counterparts: [libtorrent, aria2],
  },
]

/** Row 1 and the four variants of row 2. */
export const leechWorkloads: readonly Workload[] = variants.map(
  ({ name, row, what, size: standard, payload, goals, counterparts = [libtorrent, aria2, webtorrent] }) => ({
    name,
    row,
    title: `download ${what} from one libtorrent seed`,
    size: standard,
    unit: 'bytes',
    counterparts,
    requires: [libtorrent],
    goals: goals ?? [{ figure: 'wall', against: 'best', atMost: 1 }],
    async prepare({ ground, size }) {
      const material = await makeMaterial(ground, payload(size))
      const { addresses, pid } = await libtorrentSeed(ground, [material])
      const contestants = await leechContestants(ground, material, addresses, [pid])
      const able = [OURS, ...counterparts.map((counterpart) => counterpart.name)]
      return {
        contestants: contestants.filter((contestant) => able.includes(contestant.name)),
        verify: (target) => material.verify(target),
      }
    },
  }),
)

/** Ourselves first; each command starts, downloads and ends by itself. */
export async function leechContestants(
  ground: Ground,
  material: Material,
  peers: readonly string[],
  companions: readonly number[],
): Promise<Contestant[]> {
  const { torrentFile } = material
  // aria2 knows peers from trackers only.
  const tracker = ground.own(await FixedTracker.start(ground.host, peers))
  const config = (target: string) => ({
    role: 'leech',
    host: ground.host,
    peers,
    torrents: [torrentOf(material, target)],
  })
  const dials = peers.flatMap((peer) => ['--peer', peer])
  const commands: Record<string, (target: string) => Command | Promise<Command>> = {
    [OURS]: (target) =>
      torrentialCommand(
        'download',
        torrentFile,
        '--path',
        target,
        '--state',
        `${target}/state`,
        '--host',
        ground.host,
        '--port',
        '0',
        '--no-trackers',
        '--json',
        ...dials,
      ),
    libtorrent: (target) => libtorrentProgram(config(target)),
    aria2: (target) => aria2Download(torrentFile, tracker.url, target),
    webtorrent: (target) => npmProgram('webtorrent-leech', 'webtorrent/index.js', config(target)),
  }
  return Object.entries(commands).map(([name, command]) => ({
    name,
    run: async ({ target, figures, deadline }) => measure(await command(target), { figures, deadline, companions }),
  }))
}
