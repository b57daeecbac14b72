// Makes a hybrid torrent in memory, answers a hash request from its merkle tree and proves the answer, and gives the torrent
// other trackers without changing its infohashes.

import { createHash } from 'node:crypto'
import {
  arrangeFiles,
  buildTorrent,
  createVerifier,
  editTorrent,
  HASH_LENGTH,
  MerkleHasher,
  MerkleTree,
  merkleLeafCounts,
  parseTorrent,
  verifyHashes,
} from '@torrential/metainfo'
import { Geometry } from '@torrential/primitives'

const pieceLength = 32_768
const contents = new Map([
  ['read me.txt', Buffer.alloc(5000, 'hello ')],
  ['sub/data.bin', Buffer.alloc(200_000, 'torrential ')],
])
const files = Array.from(contents, ([path, { length }]) => ({ path: path.split('/'), length }))

// The order of the files and the padding between them decide what is hashed.
const arranged = arrangeFiles(files, { version: 'hybrid', pieceLength })
const geometry = new Geometry('hybrid', pieceLength, arranged)
const leafCounts = merkleLeafCounts(geometry)
const pieceHashes = []
const pieceRoots = []
for (let piece = 0; piece < geometry.pieceCount; piece++) {
  const sha1 = createHash('sha1')
  const merkle = new MerkleHasher(leafCounts[piece])
  for (const { file, offset, length } of geometry.slices(piece, 0, geometry.lengthOf(piece))) {
    const data = contents.get(arranged[file].path.join('/'))?.subarray(offset, offset + length)
    sha1.update(data ?? Buffer.alloc(length))
    if (data !== undefined) merkle.update(data)
  }
  pieceHashes.push(sha1.digest())
  pieceRoots.push(merkle.digest())
}

const bytes = buildTorrent({
  version: 'hybrid',
  name: 'hello',
  multiFile: true,
  files,
  pieceLength,
  pieceHashes: Buffer.concat(pieceHashes),
  pieceRoots: Buffer.concat(pieceRoots),
})
const metainfo = parseTorrent(bytes)
const hex = (hash) => Buffer.from(hash).toString('hex')
console.log(`${metainfo.name}: ${metainfo.version}, v1 ${hex(metainfo.infoHashV1)}, v2 ${hex(metainfo.infoHashV2)}`)
for (const { path, length, pad } of metainfo.files) console.log(`  ${pad ? '(padding)' : path} (${length})`)
const verified = createVerifier(metainfo).verify(geometry.piece(1), [
  contents.get('sub/data.bin').subarray(0, pieceLength),
])

const { piecesRoot } = metainfo.files.find(({ path }) => path === 'hello/sub/data.bin')
const tree = new MerkleTree(metainfo.pieceLayers.get(Buffer.from(piecesRoot).toString('latin1')), 1)
const request = { baseLayer: 1, index: 2, length: 2, proofLayers: tree.rootLayer - 2 }
const answer = tree.hashes(request)
const root = { layer: tree.rootLayer, index: 0, hash: piecesRoot }
const proven = verifyHashes(request, answer, root)
const forged = verifyHashes({ ...request, index: 0 }, answer, root)
console.log(`pieces 2 and 3 of ${tree.layer(1).length / HASH_LENGTH}: proven ${proven}, as others ${forged}`)

const edited = parseTorrent(editTorrent(bytes, { trackers: [['udp://tracker.example:6969']], comment: 'new' }))
const same = hex(edited.infoHashV2) === hex(metainfo.infoHashV2) && hex(edited.infoHash) === hex(metainfo.infoHash)
console.log(`edited: ${edited.trackers.flat().join()}, the same infohashes: ${same}`)
if (!verified || !proven || forged || !same) process.exitCode = 1
