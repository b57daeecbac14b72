// The shapes of torrents that every pair of programs has to agree on.
import type { Payload } from '../src/payload.ts'

const kibi = 1024
const mebi = 1024 * kibi

/** One file that ends in the middle of a block. */
export const singleFile: Payload = { name: 'single.bin', length: 24 * mebi + 12_345, pieceLength: 256 * kibi, seed: 1 }

/** Files smaller than a piece, empty files at the start, in the middle and at the end, names with spaces and outside ASCII. */
export const manyFiles: Payload = {
  name: 'many files é',
  pieceLength: 64 * kibi,
  seed: 2,
  files: [
    { path: 'empty at the start', length: 0 },
    { path: 'one byte', length: 1 },
    { path: 'sub folder/ünï cödé.txt', length: 1_000 },
    { path: 'sub folder/large.bin', length: 9 * mebi + 17 },
    { path: 'sub folder/deeper/empty', length: 0 },
    { path: 'sub folder/deeper/exactly one piece', length: 64 * kibi },
    ...Array.from({ length: 40 }, (_, index) => ({ path: `small/${index} of 40`, length: 500 + index * 997 })),
    { path: '日本語.bin', length: 3 * mebi + 5 },
    { path: 'z empty at the end', length: 0 },
  ],
}

/** A piece is one block: as many messages and hashes as possible. */
export const smallPieces: Payload = { name: 'small pieces.bin', length: 8 * mebi + 1, pieceLength: 16 * kibi, seed: 3 }

/** A piece is a thousand blocks; the last piece is short. */
export const largePieces: Payload = {
  name: 'large pieces',
  pieceLength: 16 * mebi,
  seed: 4,
  files: [
    { path: 'a.bin', length: 20 * mebi },
    { path: 'b.bin', length: 29 * mebi + 11 },
  ],
}

/** All of them, by the words that test names use. */
export const payloads: readonly (readonly [string, Payload])[] = [
  ['a single file', singleFile],
  ['many files, some of them empty', manyFiles],
  ['pieces of 16 KiB', smallPieces],
  ['pieces of 16 MiB', largePieces],
]

/** Many pieces and few bytes, for swarms that are slowed down. */
export const swarmPayload: Payload = { name: 'swarm.bin', length: 10 * mebi, pieceLength: 64 * kibi, seed: 5 }
