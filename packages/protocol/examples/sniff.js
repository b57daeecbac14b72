// Reads what one peer says, from bytes that arrive in pieces of any size: a handshake, then messages.
// Run after the build: node packages/protocol/examples/sniff.js

import assert from 'node:assert/strict'
import { infoHashFrom, peerIdFrom, toLatin1 } from '@torrential/primitives'
import {
  decodeExtensionHandshake,
  encodeExtensionHandshake,
  encodeHandshake,
  encodeMessage,
  HandshakeDecoder,
  MessageDecoder,
} from '@torrential/protocol'

// What a capture of a connection might hold.
const capture = Buffer.concat([
  encodeHandshake({
    infoHash: infoHashFrom(new Uint8Array(20).fill(0xaa)),
    peerId: peerIdFrom(Buffer.from('-TO0010-sniffedpeer!')),
    capabilities: { extensions: true, fast: true, dht: false, v2: false },
  }),
  encodeMessage({
    type: 'extended',
    id: 0,
    payload: encodeExtensionHandshake({
      extensions: new Map([['ut_pex', 1]]),
      client: 'Torrential',
      requestQueue: 2000,
    }),
  }),
  encodeMessage({ type: 'bitfield', bitfield: Uint8Array.of(0b1110_0000) }),
  encodeMessage({ type: 'unchoke' }),
  encodeMessage({ type: 'request', piece: 1, offset: 16_384, length: 16_384 }),
  encodeMessage({ type: 'piece', piece: 2, offset: 0, block: new Uint8Array(16_384) }),
])

const handshake = new HandshakeDecoder()
const decoder = new MessageDecoder()
decoder.pieceCount = 3
const seen = []

for (let at = 0; at < capture.length; at += 1000) {
  const chunk = capture.subarray(at, at + 1000)
  const rest = chunk.subarray(handshake.push(chunk))
  for (const message of decoder.push(rest)) {
    seen.push(message.type)
    switch (message.type) {
      case 'piece':
        console.log(`piece ${message.piece} at ${message.offset}: ${message.block.length} bytes`)
        break
      case 'extended':
        console.log(message.id === 0 ? decodeExtensionHandshake(message.payload) : message)
        break
      default:
        console.log(message)
    }
  }
}
decoder.end()

console.log(`peer ${toLatin1(handshake.handshake.peerId)} said: ${seen.join(', ')}`)
assert.deepEqual(seen, ['extended', 'bitfield', 'unchoke', 'request', 'piece'])
