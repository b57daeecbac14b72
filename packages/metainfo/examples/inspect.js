// Makes a small torrent in memory, reads it back, checks its pieces, and writes and reads its magnet link.

import { createHash } from 'node:crypto'
import {
  buildTorrent,
  choosePieceLength,
  createVerifier,
  formatMagnet,
  parseMagnet,
  parseTorrent,
} from '@torrential/metainfo'

const data = Buffer.alloc(100_000, 'torrential ')
const pieceLength = choosePieceLength(data.length)
const pieces = []
for (let at = 0; at < data.length; at += pieceLength) pieces.push(data.subarray(at, at + pieceLength))

const bytes = buildTorrent({
  name: 'hello',
  multiFile: true,
  files: [
    { path: ['read me.txt'], length: 40_000 },
    { path: ['sub', 'rest.bin'], length: 60_000 },
  ],
  pieceLength,
  pieceHashes: Buffer.concat(pieces.map((piece) => createHash('sha1').update(piece).digest())),
  trackers: [['udp://tracker.example:6969']],
})

const metainfo = parseTorrent(bytes)
console.log(`${metainfo.name}: ${metainfo.version}, ${metainfo.length} bytes, ${metainfo.geometry.pieceCount} pieces`)
for (const file of metainfo.files) console.log(`  ${file.path} (${file.length})`)

const verifier = createVerifier(metainfo)
const right = pieces.filter((piece, index) => verifier.verify(metainfo.geometry.piece(index), [piece])).length
const wrong = verifier.verify(metainfo.geometry.piece(0), [pieces[1]])
console.log(`right pieces accepted: ${right} of ${pieces.length}, a wrong one: ${wrong}`)

const link = formatMagnet({ ...metainfo, trackers: metainfo.trackers.flat() })
console.log(link)

const same = Buffer.compare(parseMagnet(link).infoHash, metainfo.infoHash) === 0
if (right !== pieces.length || wrong || !same) process.exitCode = 1
