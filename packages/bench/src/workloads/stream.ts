// Row 9: a file over a line of 20 MB/s and 50 ms: how long from adding the torrent to its first byte, and from asking for the byte at
// 90 % to that byte. What was streamed is compared with the source. Of a v1 torrent a whole piece has to be here first; of a hybrid
// one, as `torrential create` makes them, a block and its hashes. Each program does it twice: as a media server has it, which fetches
// nothing but what is read, and with the rest of the torrent coming meanwhile.
import { execFile } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Ground, webtorrent, libtorrent } from '@torrential/interop'
import { DelayProxy } from '../delay-proxy.ts'
import { makeMaterial, type Material, MEBI, oneFile } from '../material.ts'
import { type Command, measure } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { npmProgram, ourProgram, torrentialCommand } from '../programs.ts'
import { libtorrentSeed } from '../seeds.ts'
import { ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'

const rate = 20_000_000
const roundTrip = 50
/** Streamed at each place: what a player reads before it shows anything. */
const most = 4 * MEBI

/** What the programs are called when the rest of the torrent comes meanwhile. */
const whole = (who: string): string => `${who}, whole torrent`
const modes = [
  { isWhole: false, named: (who: string): string => who },
  { isWhole: true, named: whole },
] as const

const workload = (name: string, kind: string, isHybrid: boolean): Workload => ({
  name,
  row: 9,
  title: `time to the first byte and to a seek, ${kind} torrent over ${rate / 1e6} MB/s and ${roundTrip} ms round trip`,
  size: 2048 * MEBI,
  unit: 'bytes',
  counterparts: [webtorrent],
  requires: [libtorrent],
  columns: [ownColumn('first', 'first byte ms', 0), ownColumn('seek', 'seek ms', 0), ...USUAL_COLUMNS],
  goals: [
    { figure: 'first', against: 'webtorrent', atMost: 0.5 },
    { figure: 'seek', against: 'webtorrent', atMost: 0.5 },
    { figure: 'first', of: whole(OURS), against: whole('webtorrent'), atMost: 0.5 },
    { figure: 'seek', of: whole(OURS), against: whole('webtorrent'), atMost: 0.5 },
  ],
  async prepare({ ground, size }) {
    const plain = await makeMaterial(ground, oneFile(size))
    const material = isHybrid ? await hybridOf(ground, plain) : plain
    const seed = await libtorrentSeed(ground, [material], { sendBuffer: 256 * 1024, checked: isHybrid })
    const proxy = ground.own(
      await DelayProxy.start(ground.host, seed.addresses[0] as string, { delay: roundTrip / 2, rate }),
    )
    const length = Math.min(most, Math.floor(size / 10))
    const offsets = [0, Math.floor(size * 0.9)]
    const contestant = (who: string, isWhole: boolean, commandOf: (config: object) => Command) => ({
      name: who,
      async run({ target, figures, deadline }: { target: string; figures: string; deadline: number }) {
        const config = {
          host: ground.host,
          torrent: material.torrentFile,
          directory: target,
          peer: proxy.address,
          offsets,
          length,
          isWhole,
          output: join(target, 'streamed'),
        }
        return measure(commandOf(config), { figures, deadline, companions: [seed.pid] })
      },
    })
    return {
      contestants: modes.flatMap(({ isWhole, named }) => [
        contestant(named(OURS), isWhole, (config) => ourProgram('torrential-stream', config)),
        contestant(named('webtorrent'), isWhole, (config) =>
          npmProgram('webtorrent-stream', 'webtorrent/index.js', config),
        ),
      ]),
      async verify(target) {
        for (const [index, offset] of offsets.entries()) {
          await compareRange(join(material.source, 'payload.bin'), offset, length, join(target, `streamed-${index}`))
        }
      },
    }
  },
})

/** Row 9. */
export const streamWorkloads: readonly Workload[] = [
  workload('stream', 'v1', false),
  workload('stream-hybrid', 'hybrid', true),
]

/** The same data with another torrent. */
async function hybridOf(ground: Ground, material: Material): Promise<Material> {
  const { name, pieceLength } = material.payload
  const torrentFile = join(await ground.folder('hybrid'), `${name}.torrent`)
  const options = ['--hybrid', '--piece-length', String(pieceLength), '--output', torrentFile]
  const { command, args } = torrentialCommand('create', join(material.source, name), ...options)
  await promisify(execFile)(command, args)
  return { ...material, torrentFile }
}

/** @throws Error unless a file is exactly that range of another */
async function compareRange(source: string, offset: number, length: number, copy: string): Promise<void> {
  await using handle = await open(source, 'r')
  const expected = Buffer.alloc(length)
  await handle.read(expected, 0, length, offset)
  if (!expected.equals(await readFile(copy))) throw new Error(`what was streamed from ${offset} is not what is there`)
}
