import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { FileTrees, HASH_LENGTH, MerkleTree } from '@torrential/metainfo'
import { BLOCK_LENGTH, Geometry, type PieceIndex, toLatin1 } from '@torrential/primitives'
import * as fc from 'fast-check'
import { HashArchive } from '../src/hash-archive.ts'
import { must } from './swarm-bench.ts'

/** A file of so many blocks behind another of one piece, with the tree of all of its blocks as the model. */
function fileOf(blocks: number, perPiece: number) {
  const hashes = Array.from({ length: blocks }, (_, block) => createHash('sha256').update(`${block}`).digest())
  const tree = new MerkleTree(new Uint8Array(Buffer.concat(hashes)))
  const pieceLength = perPiece * BLOCK_LENGTH
  const length = blocks * BLOCK_LENGTH - 5
  const geometry = new Geometry('v2', pieceLength, [{ length: 1 }, { length }])
  const about = { path: 'a', pad: false, executable: false, hidden: false }
  const files = [
    { ...about, index: 0, length: 1, piecesRoot: new Uint8Array(32) },
    { ...about, index: 1, length, piecesRoot: tree.root },
  ]
  const layer = tree.layer(Math.log2(perPiece))
  const pieceLayers = new Map(length > pieceLength && layer ? [[toLatin1(tree.root), layer]] : [])
  const trees = new FileTrees({ geometry, files, pieceLayers })
  const file = must(trees.files[1])
  const leavesOf = (piece: PieceIndex) => {
    const leaves = new Uint8Array(2 ** file.pieceLayer * HASH_LENGTH)
    const start = (piece - file.firstPiece) * perPiece
    leaves.set(Buffer.concat(hashes.slice(start, start + perPiece)))
    return leaves
  }
  return { tree, trees, file, leavesOf, archive: new HashArchive(trees) }
}

describe('The archive of hashes', () => {
  test('answers as the tree of the whole file does, from the piece layer and the blocks of one piece alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.constantFrom(1, 2, 4, 16), fc.gen(), (blocks, perPiece, draw) => {
        const { tree, file, leavesOf, archive } = fileOf(blocks, perPiece)
        const baseLayer = draw(fc.nat, { max: file.rootLayer - 1 })
        const isBelow = baseLayer < file.pieceLayer
        const tallest = isBelow ? file.pieceLayer - baseLayer : file.rootLayer - baseLayer
        const height = draw(fc.nat, { max: tallest })
        const inPiece = 2 ** (file.pieceLayer - baseLayer)
        const piece = draw(fc.nat, { max: file.pieceCount - 1 })
        const places = isBelow ? inPiece / 2 ** height : 2 ** (file.rootLayer - baseLayer - height)
        const index = (isBelow ? piece * inPiece : 0) + draw(fc.nat, { max: places - 1 }) * 2 ** height
        const proofLayers = draw(fc.nat, { max: file.rootLayer - baseLayer - 1 })
        const range = { baseLayer, index, length: 2 ** height, proofLayers }
        const place = isBelow ? ((file.firstPiece + piece) as PieceIndex) : undefined
        if (place !== undefined) {
          expect(archive.answer(file, range, place)).toBeUndefined()
          expect(archive.add(place, leavesOf(place))).toBe(true)
        }
        const answer = archive.answer(file, range, place)
        expect(answer).toBeDefined()
        expect(answer).toEqual(tree.hashes(range))
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  test('takes no hashes that are not those of the piece', () => {
    const { archive, leavesOf, file } = fileOf(9, 4)
    const piece = file.firstPiece
    const leaves = leavesOf(piece)
    for (const wrong of [
      leaves.map((byte) => byte ^ 1),
      leaves.subarray(32),
      new Uint8Array(),
      leavesOf(2 as PieceIndex),
    ]) {
      expect(archive.add(piece, wrong)).toBe(false)
    }
    expect(archive.knows(piece)).toBe(false)
  })

  test('forgets the blocks that were asked for least lately', () => {
    const pieces = 40
    const { archive, leavesOf, file } = fileOf(pieces * 1024, 1024)
    const pieceAt = (at: number) => (file.firstPiece + at) as PieceIndex
    for (let at = 0; at < 32; at++) archive.add(pieceAt(at), leavesOf(pieceAt(at)))
    expect(archive.knows(pieceAt(0))).toBe(true)
    const range = { baseLayer: 0, index: 0, length: 2, proofLayers: 1 }
    expect(archive.answer(file, range, pieceAt(0))).toBeDefined()
    archive.add(pieceAt(32), leavesOf(pieceAt(32)))
    expect([0, 1, 2, 32].map((at) => archive.knows(pieceAt(at)))).toEqual([true, false, true, true])
  })
})
