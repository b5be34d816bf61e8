// Runs autocannon at a fixed rate, with the options on stdin, and prints the time of each answer.
//
// Its own percentiles are whole milliseconds, and its correction fills in an answer for each
// millisecond that one was late, at any rate. So the times are corrected by who reads them.
const autocannon = require(process.argv[2])
const options = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const milliseconds = []
const instance = autocannon({ ...options, ignoreCoordinatedOmission: true }, (error, result) => {
  if (error) {
    console.error(String(error))
    process.exit(1)
  }
  const { errors, timeouts, non2xx } = result
  process.stdout.write(JSON.stringify({ errors, timeouts, non2xx, milliseconds }))
})
instance.on('response', (client, status, bytes, time) => {
  if (status >= 200 && status < 300) milliseconds.push(time)
})
