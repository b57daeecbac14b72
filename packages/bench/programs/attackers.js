// Hostile peers of ten kinds for one torrent, each at an address of its own in 127.10.0.0/16, so that nobody who counts by address
// takes them for one another or for somebody honest: {"infoHash", "pieces", "count"} on stdin; says {"addresses": […]}
// and goes on until stdin ends.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { readConfig, say, stdinEnds } from './config.js'

const { infoHash, pieces, count } = await readConfig()

const message = (id, ...parts) => {
  const body = Buffer.concat([Buffer.of(id), ...parts])
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  return Buffer.concat([head, body])
}
const number = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const full = Buffer.alloc(Math.ceil(pieces / 8), 0xff)
if (pieces % 8 > 0) full[full.length - 1] = (0xff << (8 - (pieces % 8))) & 0xff
const bitfield = message(5, full)
const [choke, unchoke] = [message(0), message(1)]
const block = Buffer.alloc(16_384, 7)

/** Writes the same again and again, as fast as it is read. */
function flood(socket, bytes) {
  const many = Buffer.concat(Array.from({ length: Math.ceil(8_192 / bytes.length) }, () => bytes))
  const more = () => {
    while (socket.writable && socket.write(many));
  }
  socket.on('drain', more)
  more()
}

/** What each kind does once the handshakes are done. */
const kinds = [
  // A message of 2 GiB.
  (socket) => flood(socket, Buffer.concat([number(2 ** 31 - 1), Buffer.alloc(60_000)])),
  (socket) => flood(socket, Buffer.concat([message(4, number(0)), message(4, number(1))])),
  (socket) => flood(socket, message(6, number(0), number(0), number(16_384))),
  (socket) => flood(socket, message(20, Buffer.of(0), Buffer.from('d1:md6:ut_pexi1eee'))),
  (socket) => flood(socket, Buffer.concat([unchoke, choke])),
  (socket) => flood(socket, message(20, Buffer.of(1), Buffer.alloc(1_000))),
  // Claims everything, unchokes and never serves.
  (socket) => socket.write(Buffer.concat([bitfield, unchoke])),
  // Claims everything, unchokes and serves rubbish.
  (socket) => {
    socket.write(Buffer.concat([bitfield, unchoke]))
    let held = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes])
      while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
        const length = held.readUInt32BE(0)
        const [id, piece, offset] = [held[4], length === 13 ? held.subarray(5, 9) : undefined, held.subarray(9, 13)]
        if (length === 13 && id === 6) socket.write(message(7, piece, offset, block.subarray(0, held.readUInt32BE(13))))
        held = held.subarray(4 + length)
      }
    })
  },
  // Contradicts itself.
  (socket) =>
    flood(socket, Buffer.concat([bitfield, message(5, Buffer.alloc(full.length)), message(4, number(pieces))])),
  // A byte a second, of a message that never ends.
  (socket) => {
    const timer = setInterval(() => socket.write(Buffer.of(0)), 1_000)
    socket.on('close', () => clearInterval(timer))
  },
]

const addresses = []
for (let index = 0; index < count; index++) {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    const greeting = Buffer.alloc(68)
    greeting.write('\u0013BitTorrent protocol', 'latin1')
    greeting[25] = 0x10
    greeting[27] = 0x04
    greeting.write(infoHash, 28, 'hex')
    greeting.write(`-XX0000-${String(index).padStart(12, '0')}`, 48, 'latin1')
    socket.once('data', () => {
      socket.resume()
      socket.write(greeting)
      kinds[index % kinds.length](socket)
    })
  })
  server.listen(0, `127.10.${index >> 8}.${index & 255}`)
  await once(server, 'listening')
  const { address, port } = server.address()
  addresses.push(`${address}:${port}`)
}
say({ addresses })
await stdinEnds()
process.exit(0)
