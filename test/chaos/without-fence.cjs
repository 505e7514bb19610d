// Loaded into a worker by the suite's own test: a result is written whatever its subject holds already, and written
// again, as by a worker whose first acknowledgement was lost.
const { JetStreamClientImpl } = require('nats/lib/jetstream/jsclient.js');

const { publish } = JetStreamClientImpl.prototype;
JetStreamClientImpl.prototype.publish = async function (subject, data, options = {}) {
  const { expect, msgID, ...rest } = options;
  if (expect !== undefined) await publish.call(this, subject, data, rest);
  return publish.call(this, subject, data, rest);
};
