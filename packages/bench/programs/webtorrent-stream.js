// WebTorrent, whose entry is the first argument, streaming a file; told and telling as ../programs/torrential-stream.js.
import { readFile, writeFile } from 'node:fs/promises'
import { readConfig, say } from './config.js'

const { default: WebTorrent } = await import(process.argv[2])
const { torrent: file, directory, peer, offsets, length, isWhole, output } = await readConfig()
const source = await readFile(file)
const client = new WebTorrent({
  dht: false,
  lsd: false,
  utPex: false,
  utp: false,
  natUpnp: false,
  natPmp: false,
  tracker: {},
})
const began = performance.now()
// Deselected, only what is streamed is asked for, as its documentation says.
const torrent = client.add(source, { path: directory, announce: [], deselect: !isWhole })
await new Promise((resolve) => torrent.once('infoHash', resolve))
torrent.addPeer(peer)
await new Promise((resolve) => torrent.once('ready', resolve))
const times = []
for (const [index, start] of offsets.entries()) {
  const asked = index === 0 ? began : performance.now()
  const parts = []
  for await (const chunk of torrent.files[0][Symbol.asyncIterator]({ start, end: start + length - 1 })) {
    times[index] ??= performance.now() - asked
    parts.push(chunk)
  }
  await writeFile(`${output}-${index}`, Buffer.concat(parts))
}
say({ values: { first: times[0], seek: times[1] } })
process.exit(0)
