// Decodes a small .torrent, finds the exact bytes of its info dictionary, and shows what happens to hostile input.

import { createHash } from 'node:crypto'
import { decodeWithSpans, encode, integerAt, isDict, textAt, validate } from '@torrential/bencode'

const torrent = encode({
  announce: 'http://tracker.example/announce',
  info: { name: 'hello.txt', length: 5, 'piece length': 16_384, pieces: new Uint8Array(20) },
})

const { value, slice } = decodeWithSpans(torrent)
if (!isDict(value)) throw new Error('not a dictionary')
console.log('tracker: ', textAt(value, 'announce'))
console.log('length:  ', integerAt(value.get('info'), 'length', { min: 0 }))
console.log('infohash:', createHash('sha1').update(slice('info')).digest('hex'))

for (const hostile of ['l-3:e', 'd-3:e', 'i007e', '99999999999:a', 'l'.repeat(1_000_000)]) {
  try {
    validate(Buffer.from(hostile))
    throw new Error('accepted!')
  } catch (error) {
    console.log(`${hostile.slice(0, 16).padEnd(16)} → ${error.code}`)
    if (!error.code?.startsWith('BENCODE_')) process.exitCode = 1
  }
}
