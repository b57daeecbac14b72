// The tracker server of the npm package bittorrent-tracker, whose entry is the first argument; its host the second.
import { say } from './config.js'

const { default: Server } = await import(process.argv[2])
const server = new Server({ udp: true, http: true, ws: false, stats: false })
server.on('error', (error) => {
  throw error
})
// Clients that leave are a warning to it.
server.on('warning', () => {})
server.listen(0, { http: process.argv[3], udp: process.argv[3], udp6: '::1' }, () => {
  say({ http: server.http.address().port, udp: server.udp.address().port })
})
