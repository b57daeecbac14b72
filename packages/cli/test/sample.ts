// A small torrent for tests: files smaller and larger than a piece, an empty one, a name beyond ASCII.

import { mkdir, writeFile } from 'node:fs/promises'
import { SeededRandom } from '@torrential/primitives'
import type { Bench } from './cli-process.ts'

export interface Sample {
  /** The folder with the data; its parent is `seeded`. */
  readonly data: string
  readonly seeded: string
  /** The .torrent, v1, 16 KiB pieces, without trackers. */
  readonly torrent: string
  readonly infoHash: string
  /** Contents by path. */
  readonly files: ReadonlyMap<string, Buffer>
  readonly pieces: number
}

/** Writes the files and makes the torrent. */
export async function makeSample(
  bench: Bench,
  options: { readonly large?: number; readonly args?: string[] } = {},
): Promise<Sample> {
  const random = new SeededRandom(7)
  const files = new Map<string, Buffer>([
    ['empty.txt', Buffer.alloc(0)],
    ['large.bin', Buffer.from(random.bytes(options.large ?? 200_000))],
    ['sub/grüße.txt', Buffer.from(random.bytes(777))],
    ['sub/small.bin', Buffer.from(random.bytes(30_000))],
  ])
  const seeded = bench.at('seeded')
  const data = bench.at('seeded', 'Pack')
  await mkdir(bench.at('seeded', 'Pack', 'sub'), { recursive: true })
  for (const [path, bytes] of files) await writeFile(bench.at('seeded', 'Pack', path), bytes)
  const torrent = bench.at('pack.torrent')
  const made = await bench.run(
    'create',
    data,
    '-o',
    torrent,
    '--piece-length',
    '16K',
    '--v1',
    '--json',
    ...(options.args ?? []),
  )
  const created = made.lines.at(-1) as { infoHashV1: string; pieceCount: number }
  return { data, seeded, torrent, infoHash: created.infoHashV1, files, pieces: created.pieceCount }
}
