// The least that a Node.js program can do to download a torrent from one seed: it asks for the pieces in order, checks each by its SHA-1 and
// writes it at once, on the only thread there is. It believes the .torrent and the seed, has no events, no limits, and no second peer,
// and waits for the disk. With `durable` it does at the end what a download that can be resumed after a power cut needs: syncs each file and
// writes down how it looks.
import { hash } from 'node:crypto'
import { closeSync, constants, fdatasyncSync, fstatSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { readConfig } from '../config.js'
import { filesOf, handshake, messages, readTorrent } from './torrent.js'

const { O_CREAT, O_WRONLY } = constants
const BLOCK = 16_384
const DEPTH = 500

const { peer, file, directory, durable } = await readConfig()
const torrent = readTorrent(file)
const { paths, starts, length } = filesOf(torrent)
const { 'piece length': pieceLength, pieces: digests } = torrent.info
const count = Math.ceil(length / pieceLength)
const places = paths.map((path) => join(directory, path))
for (const folder of new Set(places.map(dirname))) mkdirSync(folder, { recursive: true })

const lengthOf = (piece) => Math.min(pieceLength, length - piece * pieceLength)
/** Pieces of which some blocks are here. */
const begun = new Map()
const spare = []
const requests = Buffer.alloc(17 * DEPTH)
let [nextPiece, nextOffset, asked, left] = [0, 0, 0, count]

const feed = messages(
  () => socket.write(Buffer.from([0, 0, 0, 1, 2])),
  (id, payload) => {
    if (id === 1) ask()
    else if (id === 7) block(payload.readUInt32BE(0), payload.readUInt32BE(4), payload.subarray(8))
  },
)
const [host, port] = peer.split(':')
const onread = { buffer: Buffer.alloc(1_048_576), callback: (read, into) => (received(into.subarray(0, read)), true) }
const socket = connect({ host, port: Number(port), onread })
socket.setNoDelay(true)
socket.write(handshake(torrent.infoHash, '-BA0001-000000000000'))

function received(bytes) {
  feed(bytes)
  if (asked < DEPTH - 100) ask()
}

function ask() {
  let at = 0
  for (; asked < DEPTH && nextPiece < count; asked++) {
    const size = Math.min(BLOCK, lengthOf(nextPiece) - nextOffset)
    requests.writeUInt32BE(13, at)
    requests[at + 4] = 6
    requests.writeUInt32BE(nextPiece, at + 5)
    requests.writeUInt32BE(nextOffset, at + 9)
    requests.writeUInt32BE(size, at + 13)
    at += 17
    nextOffset += size
    if (nextOffset === lengthOf(nextPiece)) [nextPiece, nextOffset] = [nextPiece + 1, 0]
  }
  if (at > 0) socket.write(Buffer.from(requests.subarray(0, at)))
}

function block(piece, offset, bytes) {
  asked--
  let partial = begun.get(piece)
  if (partial === undefined) {
    partial = { bytes: spare.pop() ?? Buffer.allocUnsafeSlow(pieceLength), got: 0 }
    begun.set(piece, partial)
  }
  partial.bytes.set(bytes, offset)
  partial.got += bytes.length
  if (partial.got < lengthOf(piece)) return
  begun.delete(piece)
  write(piece, partial.bytes.subarray(0, partial.got))
  spare.push(partial.bytes)
  if (--left === 0) finish()
}

let only
function write(piece, bytes) {
  if (hash('sha1', bytes, 'latin1') !== digests.latin1Slice(20 * piece, 20 * piece + 20))
    throw new Error(`piece ${piece}`)
  const from = piece * pieceLength
  const to = from + bytes.length
  for (let index = firstFrom(from); index < places.length && starts[index] < to; index++) {
    const [start, end] = [Math.max(from, starts[index]), Math.min(to, starts[index + 1])]
    const descriptor = only ?? openSync(places[index], O_WRONLY | O_CREAT, 0o666)
    writeSync(descriptor, bytes, start - from, end - start, start - starts[index])
    if (places.length === 1) only = descriptor
    else closeSync(descriptor)
  }
}

/** The file that the byte lies in. */
function firstFrom(byte) {
  let [low, high] = [0, places.length]
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (starts[middle] <= byte) low = middle
    else high = middle
  }
  return low
}

function finish() {
  if (durable) {
    const looks = places.map((place) => {
      const descriptor = openSync(place, 'r+')
      fdatasyncSync(descriptor)
      const { size, mtimeMs } = fstatSync(descriptor)
      closeSync(descriptor)
      return [size, mtimeMs]
    })
    writeFileSync(join(directory, 'looks.json'), JSON.stringify(looks))
  }
  process.exit(0)
}
