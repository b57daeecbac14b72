import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { Geometry, type PieceIndex } from '@torrential/primitives'
import {
  arrangeFiles,
  BlockVerifier,
  buildTorrent,
  FileTrees,
  MerkleHasher,
  merkleLeafCounts,
  MerkleTree,
  type Metainfo,
  parseTorrent,
} from '../src/index.ts'

const BLOCK = 16_384

interface Sample {
  readonly metainfo: Metainfo
  /** Bytes of each piece, padding included. */
  readonly pieces: readonly Buffer[]
  /** The tree of the blocks of the file with this root. */
  treeOf(root: Uint8Array): MerkleTree
}

/** A torrent of files of these lengths, whose content is their number. */
function sample(version: 'v2' | 'hybrid', pieceLength: number, lengths: readonly number[]): Sample {
  const files = lengths.map((length, i) => ({ path: [String(i)], length }))
  const arranged = arrangeFiles(files, { version, pieceLength })
  const geometry = new Geometry(version, pieceLength, arranged)
  const contents = arranged.map(({ file, length }) =>
    file ? contentOf(file.path[0] ?? '', length) : Buffer.alloc(length),
  )
  const leaves = merkleLeafCounts(geometry)
  const pieces: Buffer[] = []
  const roots: Uint8Array[] = []
  for (let i = 0; i < geometry.pieceCount; i++) {
    const hash = new MerkleHasher(leaves[i] ?? 1)
    const parts: Buffer[] = []
    for (const { file, offset, length } of geometry.slices(i as PieceIndex, 0, geometry.lengthOf(i as PieceIndex))) {
      const bytes = contents[file]?.subarray(offset, offset + length) ?? Buffer.alloc(0)
      parts.push(bytes)
      if (arranged[file]?.file !== undefined) hash.update(bytes)
    }
    roots.push(hash.digest())
    pieces.push(Buffer.concat(parts))
  }
  const sha1 = pieces.map((piece) => createHash('sha1').update(piece).digest())
  const bytes = buildTorrent({
    version,
    name: 'n',
    files,
    multiFile: true,
    pieceLength,
    pieceRoots: Buffer.concat(roots),
    ...(version === 'hybrid' && { pieceHashes: Buffer.concat(sha1) }),
  })
  const trees = contents.flatMap((content, i) => (arranged[i]?.pad || content.length === 0 ? [] : [blockTree(content)]))
  const byRoot = new Map(trees.map((tree) => [Buffer.from(tree.root).toString('hex'), tree]))
  const treeOf = (root: Uint8Array) => byRoot.get(Buffer.from(root).toString('hex')) as MerkleTree
  return { metainfo: parseTorrent(bytes), pieces, treeOf }
}

function contentOf(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: Math.max(1, length) })
    .update(seed)
    .digest()
    .subarray(0, length)
}

function blockTree(content: Buffer): MerkleTree {
  const hashes: Buffer[] = []
  for (let at = 0; at < content.length; at += BLOCK) {
    hashes.push(
      createHash('sha256')
        .update(content.subarray(at, at + BLOCK))
        .digest(),
    )
  }
  return new MerkleTree(Buffer.concat(hashes))
}

function* blocksOf({ metainfo, pieces }: Sample): Generator<[PieceIndex, number, Buffer]> {
  for (const [i, piece] of pieces.entries()) {
    for (let at = 0; at < metainfo.geometry.lengthOf(i as PieceIndex); at += BLOCK) {
      yield [i as PieceIndex, at, piece.subarray(at, at + BLOCK)]
    }
  }
}

const flipped = (bytes: Buffer) => Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1)

describe.each(['v2', 'hybrid'] as const)('BlockVerifier of a %s torrent', (version) => {
  test('knows every block once its hashes have come, and each wrong one at once', () => {
    for (const pieceLength of [BLOCK, 4 * BLOCK]) {
      const lengths = [1, 0, BLOCK, BLOCK + 1, 4 * BLOCK, 4 * BLOCK + 1, 11 * BLOCK + 7, 16 * BLOCK]
      const one = sample(version, pieceLength, lengths)
      const verifier = new BlockVerifier(new FileTrees(one.metainfo))
      let asked = 0
      for (const [piece, offset, bytes] of blocksOf(one)) {
        for (const request of verifier.requests(piece)) {
          expect(verifier.verify(piece, offset, bytes)).toBe('unknown')
          const answer = one.treeOf(request.piecesRoot).hashes(request)
          expect(answer && verifier.accept(piece, request, answer)).toBe(true)
          asked++
        }
        expect(verifier.requests(piece)).toEqual([])
        expect(verifier.verify(piece, offset, bytes)).toBe('right')
        expect(verifier.verify(piece, offset, flipped(bytes))).toBe('wrong')
        expect(verifier.verify(piece, offset, bytes.subarray(1))).toBe('wrong')
        expect(verifier.verify(piece, offset + 1, bytes)).toBe('wrong')
      }
      // Nothing is asked for where a piece is a block.
      expect(asked > 0).toBe(pieceLength > BLOCK)
    }
  })

  test('asks for the hashes of long pieces 512 at a time, and takes them in any order', () => {
    const one = sample(version, 1024 * BLOCK, [1500 * BLOCK + 5])
    const verifier = new BlockVerifier(new FileTrees(one.metainfo))
    const [first, second] = one.metainfo.geometry.piece(0) === 0 ? [0 as PieceIndex, 1 as PieceIndex] : []
    if (first === undefined || second === undefined) throw new Error('two pieces')
    const [a, b] = verifier.requests(second)
    expect([a, b]).toMatchObject([
      { index: 1024, length: 512, proofLayers: 9 },
      { index: 1536, length: 512, proofLayers: 9 },
    ])
    if (a === undefined || b === undefined) throw new Error('two ranges')
    const tree = one.treeOf(a.piecesRoot)
    const answers = [tree.hashes(a), tree.hashes(b)].map((hashes) => hashes ?? new Uint8Array())
    expect(verifier.accept(second, a, answers[1] ?? new Uint8Array())).toBe(false)
    expect(verifier.accept(second, b, answers[1] ?? new Uint8Array())).toBe(true)
    expect(verifier.requests(second)).toEqual([a])
    const block = one.pieces[1]?.subarray(0, BLOCK) ?? Buffer.alloc(0)
    expect(verifier.verify(second, 0, block)).toBe('unknown')
    expect(verifier.accept(second, a, answers[0] ?? new Uint8Array())).toBe(true)
    expect(verifier.accept(first, a, answers[0] ?? new Uint8Array())).toBe(false)
    expect(verifier.verify(second, 0, block)).toBe('right')
    verifier.forget(second)
    expect(verifier.verify(second, 0, block)).toBe('unknown')
    expect(verifier.requests(second)).toHaveLength(2)
  })

  test('believes no answer that was changed, moved, cut or not asked for', () => {
    const one = sample(version, 4 * BLOCK, [11 * BLOCK])
    const piece = 1 as PieceIndex
    const verifier = new BlockVerifier(new FileTrees(one.metainfo))
    const [request] = verifier.requests(piece)
    if (request === undefined) throw new Error('no request')
    const answer = one.treeOf(request.piecesRoot).hashes(request) ?? new Uint8Array()
    for (const wrong of [flipped(Buffer.from(answer)), answer.subarray(32), new Uint8Array()]) {
      expect(verifier.accept(piece, request, wrong)).toBe(false)
    }
    for (const change of [
      { index: 0 },
      { index: 8 },
      { length: 2 },
      { baseLayer: 1 },
      { proofLayers: 9 },
      { index: 4.5 },
    ]) {
      expect(verifier.accept(piece, { ...request, ...change }, answer)).toBe(false)
    }
    expect(verifier.requests(piece)).toEqual([request])
  })
})

test('padding of a hybrid has to be zeros, and needs no hashes', () => {
  const one = sample('hybrid', 4 * BLOCK, [BLOCK + 5, 3])
  const verifier = new BlockVerifier(new FileTrees(one.metainfo))
  const piece = 0 as PieceIndex
  const zeros = Buffer.alloc(BLOCK)
  expect(verifier.verify(piece, 2 * BLOCK, zeros)).toBe('right')
  expect(verifier.verify(piece, 2 * BLOCK, flipped(zeros))).toBe('wrong')
  const half = Buffer.from(one.pieces[0]?.subarray(BLOCK, 2 * BLOCK) ?? zeros)
  half[BLOCK - 1] = 1
  expect(verifier.verify(piece, BLOCK, half)).toBe('wrong')
})

test('nothing is known, asked or believed before the piece layer is there', () => {
  const one = sample('v2', 4 * BLOCK, [11 * BLOCK])
  const piece = 1 as PieceIndex
  const trees = new FileTrees({ ...one.metainfo, pieceLayers: new Map() })
  const verifier = new BlockVerifier(trees)
  const [file] = trees.files
  const [request] = new BlockVerifier(new FileTrees(one.metainfo)).requests(piece)
  if (file === undefined || request === undefined) throw new Error('no file')
  const answer = one.treeOf(request.piecesRoot).hashes(request) ?? new Uint8Array()
  const block = one.pieces[1]?.subarray(0, BLOCK) ?? Buffer.alloc(0)
  expect(verifier.requests(piece)).toEqual([])
  expect(verifier.accept(piece, request, answer)).toBe(false)
  expect(verifier.verify(piece, 0, block)).toBe('unknown')
  trees.add(file, one.metainfo.pieceLayers.get(file.key) ?? new Uint8Array())
  expect(verifier.requests(piece)).toEqual([request])
  expect(verifier.accept(piece, request, answer)).toBe(true)
  expect(verifier.verify(piece, 0, block)).toBe('right')
})

test.each(['v2', 'hybrid'] as const)(
  'names the wrong blocks of a %s piece from the hashes of what is there',
  (version) => {
    const one = sample(version, 4 * BLOCK, [4 * BLOCK, 6 * BLOCK + 9])
    const trees = new FileTrees(one.metainfo)
    const verifier = new BlockVerifier(trees)
    const leavesOf = (piece: PieceIndex, wrong: readonly number[]) => {
      const hash = new MerkleHasher(4)
      const file = one.metainfo.files[trees.fileOf(piece)?.file ?? 0]
      const first = trees.fileOf(piece)?.firstPiece ?? 0
      const end = Math.min(4 * BLOCK, (file?.length ?? 0) - (piece - first) * 4 * BLOCK)
      for (let at = 0; at < end; at += BLOCK) {
        const block = one.pieces[piece]?.subarray(at, Math.min(end, at + BLOCK)) ?? Buffer.alloc(0)
        hash.update(wrong.includes(at / BLOCK) ? flipped(block) : block)
      }
      return hash.leaves()
    }
    for (const index of [0, 1, 2]) {
      const piece = index as PieceIndex
      expect(verifier.differing(piece, leavesOf(piece, []))).toBeUndefined()
      for (const request of verifier.requests(piece)) {
        verifier.accept(piece, request, one.treeOf(request.piecesRoot).hashes(request) ?? new Uint8Array())
      }
      expect(verifier.differing(piece, leavesOf(piece, []))).toEqual([])
      expect(verifier.differing(piece, leavesOf(piece, [0, 2]))).toEqual([0, 2])
    }
  },
)
