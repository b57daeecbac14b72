// Row 12: what a downloaded GiB costs us, against the size of the torrent and against the number of peers.
import { libtorrent } from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { makeMaterial, MEBI, oneFile } from '../material.ts'
import { ourProgram } from '../programs.ts'
import { libtorrentSeed } from '../seeds.ts'
import { type Column, ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'
import { contestant } from './parallel-leech.ts'

const columns: readonly Column[] = [...USUAL_COLUMNS, ownColumn('perGiB', 'CPU s per GiB')]
const flat = 1.15

const sizes = [1, 4, 16] as const
const sizeName = (times: number): string => `${times} × size`

/** Sizes. */
export const costOfSize: Workload = {
  name: 'cost-size',
  row: 12,
  title: 'CPU per GiB of a download of 1, 4 and 16 times the size',
  size: 128 * MEBI,
  unit: 'bytes',
  counterparts: [],
  requires: [libtorrent],
  columns,
  goals: [4, 16].map((times) => ({
    figure: 'perGiB',
    of: sizeName(times),
    against: sizeName(1),
    atMost: flat,
  })),
  space: (size) => (1 + 4 + 16 + 16) * 1.1 * size,
  async prepare({ ground, size }) {
    const contestants: Contestant[] = []
    for (const times of sizes) {
      const name = `payload-${times}.bin`
      const material = await makeMaterial(ground, oneFile(times * size, MEBI, name, 30 + times))
      const seed = await libtorrentSeed(ground, [material])
      const download = { ground, materials: [material], peers: seed.addresses, companions: [seed.pid] }
      const own = contestant(sizeName(times), download, (config) => ourProgram('torrential-leech', config))
      contestants.push(perGiB(own, times * size, (target) => material.verify(target)))
    }
    return { contestants }
  },
}

const peerCounts = [1, 10, 100, 500] as const
const peerName = (count: number): string => `${count} peer${count === 1 ? '' : 's'}`

/** Peers: sessions of one process, because a peer is known by its id, whatever its address. */
export const costOfPeers: Workload = {
  name: 'cost-peers',
  row: 12,
  title: 'CPU per GiB of a download from 1, 10, 100 and 500 peers',
  size: 1024 * MEBI,
  unit: 'bytes',
  counterparts: [],
  requires: [libtorrent],
  columns,
  goals: [10, 100, 500].map((count) => ({
    figure: 'perGiB',
    of: peerName(count),
    against: peerName(1),
    atMost: flat,
  })),
  async prepare({ ground, size }) {
    const material = await makeMaterial(ground, oneFile(size))
    const seed = await libtorrentSeed(ground, [material], { sessions: Math.max(...peerCounts) })
    const contestants = peerCounts.map((count) => {
      const peers = seed.addresses.slice(0, count)
      const download = { ground, materials: [material], peers, companions: [seed.pid], connections: 1000 }
      const own = contestant(peerName(count), download, (config) => ourProgram('torrential-leech', config))
      return perGiB(own, size, (target) => material.verify(target))
    })
    return { contestants }
  },
}

function perGiB(own: Contestant, bytes: number, verify: (target: string) => Promise<void>): Contestant {
  return {
    name: own.name,
    async run(round) {
      const measurement = await own.run(round)
      await verify(round.target)
      return { ...measurement, values: { ...measurement.values, perGiB: (measurement.cpuSeconds / bytes) * 2 ** 30 } }
    },
  }
}
