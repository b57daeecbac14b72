// The same wires composed with it-pipe instead: any async iterable of bytes can stand between them.
// Run after the build: node packages/wire/examples/pipe.js

import assert from 'node:assert/strict'
import { infoHashFrom, peerIdFrom } from '@torrential/primitives'
import { Wire, wireDuplex } from '@torrential/wire'
import { pipe } from 'it-pipe'

const greeting = {
  infoHash: infoHashFrom(new Uint8Array(20).fill(0xaa)),
  peerId: peerIdFrom(Buffer.from('-TO0010-pipedexample')),
  capabilities: { extensions: false, fast: false, dht: false, v2: false },
}

let counted = 0
async function* count(source) {
  for await (const chunk of source) {
    counted += chunk.length
    yield chunk
  }
}

const [left, right] = [new Wire(), new Wire()]
const ends = wireDuplex(left)
const piped = pipe(ends, count, wireDuplex(right), ends)

await Promise.all([left.handshake(greeting), right.accept(() => greeting)])
left.send({ type: 'interested' })
left.send({ type: 'have', piece: 7 })
left.finish()

const heard = []
for await (const batch of right.receive()) heard.push(...batch)
await piped

console.log(heard, `${counted} bytes went through`)
assert.deepEqual(heard, [{ type: 'interested' }, { type: 'have', piece: 7 }])
assert.equal(counted, 68 + 5 + 9)
