// The least that a Node.js program can do to seed one file to libtorrent: pieces are read whole, into memory in which each block has its head
// in front of it already, so that blocks that follow one another leave as one buffer. It has all pieces and refuses nobody.
import { openSync, readvSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { readConfig, say, stdinEnds } from '../config.js'
import { filesOf, handshake, messages, readTorrent } from './torrent.js'

const BLOCK = 16_384
const HEAD = 13
/** Pieces in memory, of a MiB each: as much as the read cache of a session has. */
const MOST = 16
/** Bytes that a socket may have waiting before it takes more. */
const HIGH = 524_288

const { host, file, directory } = await readConfig()
const torrent = readTorrent(file)
const { paths, length } = filesOf(torrent)
const { 'piece length': pieceLength } = torrent.info
const count = Math.ceil(length / pieceLength)
const descriptor = openSync(join(directory, paths[0]), 'r')
const frames = new Map()

/** A piece as it is sent. */
function frameOf(piece) {
  const known = frames.get(piece)
  if (known !== undefined) return known
  const size = Math.min(pieceLength, length - piece * pieceLength)
  const blocks = Math.ceil(size / BLOCK)
  const [oldest] = frames.size < MOST ? [] : frames.keys()
  // Whoever still sends the old one keeps it.
  frames.delete(oldest)
  const frame = Buffer.allocUnsafeSlow(size + HEAD * blocks)
  const parts = []
  for (let block = 0; block < blocks; block++) {
    const at = block * (BLOCK + HEAD)
    const bytes = Math.min(BLOCK, size - block * BLOCK)
    frame.writeUInt32BE(9 + bytes, at)
    frame[at + 4] = 7
    frame.writeUInt32BE(piece, at + 5)
    frame.writeUInt32BE(block * BLOCK, at + 9)
    parts.push(frame.subarray(at + HEAD, at + HEAD + bytes))
  }
  readvSync(descriptor, parts, piece * pieceLength)
  frames.set(piece, frame)
  return frame
}

const server = createServer((socket) => {
  /** Requests that wait: piece and block, one behind the other. */
  const waiting = []
  let first = 0
  const serve = () => {
    for (; first < waiting.length && socket.writableLength < HIGH; ) {
      const piece = waiting[first]
      const from = waiting[first + 1]
      let to = from
      for (; waiting[first] === piece && waiting[first + 1] === to; first += 2) to++
      socket.write(frameOf(piece).subarray(from * (BLOCK + HEAD), to * (BLOCK + HEAD)))
    }
    if (first < waiting.length) return
    waiting.length = 0
    first = 0
  }
  const feed = messages(
    () => {
      const bits = Buffer.alloc(Math.ceil(count / 8))
      for (let piece = 0; piece < count; piece++) bits[piece >> 3] |= 128 >> (piece & 7)
      const head = Buffer.from([0, 0, 0, 0, 5])
      head.writeUInt32BE(1 + bits.length)
      socket.write(Buffer.concat([handshake(torrent.infoHash, '-BA0001-000000000001'), head, bits]))
    },
    (id, payload) => {
      if (id === 2) socket.write(Buffer.from([0, 0, 0, 1, 1]))
      else if (id === 6) waiting.push(payload.readUInt32BE(0), payload.readUInt32BE(4) / BLOCK)
    },
  )
  socket.setNoDelay(true)
  socket.on('data', (bytes) => {
    feed(bytes)
    serve()
  })
  socket.on('drain', serve)
  socket.on('error', () => {})
})
server.listen(0, host, () => say({ ports: [server.address().port] }))
await stdinEnds()
process.exit(0)
