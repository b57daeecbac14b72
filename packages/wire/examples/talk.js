// Two peers over TCP on loopback: one asks for every block of a piece, the other gives them.
// Run after the build: node packages/wire/examples/talk.js

import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { infoHashFrom, peerAddress, peerIdFrom } from '@torrential/primitives'
import { connectWire, Wire } from '@torrential/wire'

const BLOCK = 16_384
const piece = Uint8Array.from({ length: 64 * BLOCK }, (_, at) => at % 251)
const infoHash = infoHashFrom(new Uint8Array(20).fill(0xaa))
const capabilities = { extensions: false, fast: true, dht: false, v2: false }
const greeting = (name) => ({ infoHash, peerId: peerIdFrom(Buffer.from(name.padEnd(20))), capabilities })

/** A socket as the library sees a connection; `@torrential/transport` does this for you. */
const streamOf = (socket) => ({
  duplex: socket,
  remote: peerAddress(socket.remoteAddress, socket.remotePort),
  local: peerAddress(socket.localAddress, socket.localPort),
  via: 'tcp',
  [Symbol.asyncDispose]: async () => void socket.destroy(),
})

async function seed(socket) {
  const wire = new Wire()
  connectWire(wire, streamOf(socket))
  await wire.accept((theirs) =>
    Buffer.compare(theirs.infoHash, infoHash) === 0 ? greeting('-TO0010-seed') : undefined,
  )
  wire.send({ type: 'have-all' })
  wire.send({ type: 'unchoke' })
  for await (const batch of wire.receive()) {
    for (const message of batch) {
      if (message.type !== 'request') continue
      const { offset, length } = message
      const sent = wire.send({ type: 'piece', piece: 0, offset, block: piece.subarray(offset, offset + length) })
      if (!sent) await wire.drained()
    }
  }
  await wire.close()
}

async function leech(socket) {
  const wire = new Wire()
  connectWire(wire, streamOf(socket))
  const remote = await wire.handshake(greeting('-TO0010-leech'))
  console.log(`connected to ${Buffer.from(remote.peerId).toString('latin1').trim()}`)
  const got = new Uint8Array(piece.length)
  let missing = piece.length
  for await (const batch of wire.receive()) {
    for (const message of batch) {
      if (message.type === 'unchoke') {
        for (let offset = 0; offset < piece.length; offset += BLOCK) {
          wire.send({ type: 'request', piece: 0, offset, length: BLOCK })
        }
      } else if (message.type === 'piece') {
        got.set(message.block, message.offset)
        missing -= message.block.length
      }
    }
    if (missing === 0) break
  }
  console.log(
    `${got.length} bytes in ${piece.length / BLOCK} blocks; ${wire.bytesIn} bytes in, ${wire.bytesOut} bytes out`,
  )
  await wire.close()
  return got
}

const server = net.createServer({ noDelay: true })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const seeding = once(server, 'connection').then(([socket]) => seed(socket))
// The leech may close while the seed still reads: that is a reset, and no fault here.
seeding.catch((error) => assert.match(error.code, /^CONNECTION_/))
const socket = net.connect({ port: server.address().port, host: '127.0.0.1', noDelay: true })
await once(socket, 'connect')
assert.deepEqual(await leech(socket), piece)
await seeding.catch(() => {})
server.close()
console.log('every byte is right')
