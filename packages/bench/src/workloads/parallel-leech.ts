// Rows 5, 8 and 12: a leech program with one or many torrents and one or many peers, against seeds of libtorrent's.
import { type Ground, libtorrent, webtorrent } from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { makeMaterial, type Material, MEBI, oneFile } from '../material.ts'
import { type Command, measure } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { libtorrentProgram, npmProgram, ourProgram } from '../programs.ts'
import { libtorrentSeed, torrentOf } from '../seeds.ts'
import { ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'

interface Download {
  readonly ground: Ground
  readonly materials: readonly Material[]
  readonly peers: readonly string[]
  readonly companions: readonly number[]
  readonly connections?: number
}

/** Row 5. */
export const manySeeds: Workload = {
  name: 'many-seeds',
  row: 5,
  title: '50 libtorrent seeds, each limited to 2 MB/s, one leech',
  size: 512 * MEBI,
  unit: 'bytes',
  counterparts: [libtorrent, webtorrent],
  requires: [libtorrent],
  goals: [
    { figure: 'wall', against: 'libtorrent', atMost: 1 },
    { figure: 'wall', against: 'webtorrent', atMost: 1 },
  ],
  async prepare({ ground, size }) {
    const material = await makeMaterial(ground, oneFile(size))
    const seed = await libtorrentSeed(ground, [material], { sessions: 50, uploadLimit: 2_000_000 })
    const peers = seed.addresses
    const contestants = programs({ ground, materials: [material], peers, companions: [seed.pid] })
    return { contestants, verify: (target) => material.verify(target) }
  },
}

/** Row 8. */
export const manyTorrents: Workload = {
  name: 'active',
  row: 8,
  title: 'download 100 torrents at once from one libtorrent seed',
  size: 1000 * MEBI,
  unit: 'bytes',
  counterparts: [libtorrent, webtorrent],
  requires: [libtorrent],
  columns: [...USUAL_COLUMNS, ownColumn('p99', 'event loop p99 ms', 1), ownColumn('latest', 'latest ms', 0)],
  goals: [
    { figure: 'wall', against: 'libtorrent', atMost: 1 },
    { figure: 'p99', atMost: 20 },
  ],
  async prepare({ ground, size }) {
    const materials: Material[] = []
    for (let index = 0; index < 100; index += 1) {
      const payload = oneFile(Math.ceil(size / 100), 262_144, `payload-${index}.bin`, 100 + index)
      materials.push(await makeMaterial(ground, payload))
    }
    const seed = await libtorrentSeed(ground, materials, { slots: -1, connections: 1000 })
    const contestants = programs({ ground, materials, peers: seed.addresses, companions: [seed.pid] })
    return {
      contestants,
      async verify(target) {
        for (const material of materials) await material.verify(target)
      },
    }
  },
}

/** Ourselves, libtorrent and WebTorrent. */
function programs(download: Download): Contestant[] {
  return [
    contestant(OURS, download, (config) => ourProgram('torrential-leech', config)),
    contestant('libtorrent', download, libtorrentProgram),
    contestant('webtorrent', download, (config) => npmProgram('webtorrent-leech', 'webtorrent/index.js', config)),
  ]
}

/** A program of the role `leech`. */
export function contestant(
  name: string,
  { ground, materials, peers, companions, connections }: Download,
  commandOf: (config: object) => Command | Promise<Command>,
): Contestant {
  return {
    name,
    async run({ target, figures, deadline }) {
      const torrents = materials.map((material) => torrentOf(material, target))
      const limits = connections === undefined ? {} : { connections }
      const command = await commandOf({ role: 'leech', host: ground.host, torrents, peers, ...limits })
      return measure(command, { figures, deadline, companions })
    },
  }
}
