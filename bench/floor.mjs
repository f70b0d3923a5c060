/**
 * The floor: the least that a proxy in Node can do. Request and response are piped, connections are kept, nothing is
 * read, checked, counted or priced.
 */
import * as http from "node:http"

const upstream = new URL(process.argv[2])
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024, noDelay: true })

const server = http.createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request, response) => {
  const outgoing = http.request(
    {
      host: upstream.hostname,
      port: upstream.port,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, host: upstream.host },
      agent
    },
    (incoming) => {
      response.writeHead(incoming.statusCode, incoming.headers)
      incoming.pipe(response)
    }
  )
  outgoing.on("error", () => response.destroy())
  response.on("close", () => {
    if (!response.writableFinished) outgoing.destroy()
  })
  request.pipe(outgoing)
})

server.listen(0, "127.0.0.1", 4096, () => process.send({ port: server.address().port }))
process.on("disconnect", () => process.exit(0))
