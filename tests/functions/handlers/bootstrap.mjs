// A runtime in Node.js, without any package: fetches events, answers them, streams when asked to.
import http from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

function call(method, path, headers = {}, send = (request) => request.end()) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers };
    const request = http.request(options, async (response) => {
      let body = "";
      for await (const piece of response.setEncoding("utf8")) body += piece;
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    request.on("error", reject);
    send(request);
  });
}

const streaming = {
  "Lambda-Runtime-Function-Response-Mode": "streaming",
  "Transfer-Encoding": "chunked",
  "Content-Type": "application/vnd.awslambda.http-integration-response",
};

async function stream(request, event) {
  const metadata = { statusCode: 203, headers: { "x-from": "node" }, cookies: ["a=1", "b=2"] };
  request.write(JSON.stringify(metadata) + "\0".repeat(8));
  for (let part = 0; part < event.parts; part += 1) request.write(`part ${part}\n`);
  request.end();
}

for (;;) {
  const next = await call("GET", "invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  const event = JSON.parse(next.body);
  if (event?.body) Object.assign(event, JSON.parse(event.body)); // of an HTTP request
  console.log(`node got ${next.body}`);
  if (event?.fail) {
    const error = JSON.stringify({ errorType: "Sad", errorMessage: event.fail, stackTrace: [] });
    const headers = { "Lambda-Runtime-Function-Error-Type": "Handler.Sad" };
    await call("POST", `invocation/${id}/error`, headers, (request) => request.end(error));
  } else if (event?.parts) {
    await call("POST", `invocation/${id}/response`, streaming, (request) => stream(request, event));
  } else {
    const result = JSON.stringify({ event, headers: next.headers, pid: process.pid });
    await call("POST", `invocation/${id}/response`, {}, (request) => request.end(result));
  }
}
