// A session of ours that streams a file: how long until the first byte, and until the first byte behind a jump. What was read is
// written to `output`, for the comparison. Unless `isWhole` nothing else is fetched.
import { readFile, writeFile } from 'node:fs/promises'
import { createSession } from '@torrential/session'
import { readConfig, say } from './config.js'

const { host, torrent: file, directory, peer, offsets, length, isWhole, output } = await readConfig()
const source = await readFile(file)
const session = await createSession({ host, port: 0 })
const began = performance.now()
const select = () => isWhole
const torrent = await session.add(source, { path: directory, peers: [peer], trackers: false, select })
const times = []
for (const [index, start] of offsets.entries()) {
  const asked = index === 0 ? began : performance.now()
  const parts = []
  for await (const chunk of torrent.files[0].stream({ start, end: start + length })) {
    times[index] ??= performance.now() - asked
    parts.push(chunk)
  }
  await writeFile(`${output}-${index}`, Buffer.concat(parts))
}
say({ values: { first: times[0], seek: times[1] } })
process.exit(0)
