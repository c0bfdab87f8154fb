// A function in Node: the runtime API of AWS Lambda needs no library.
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

for (;;) {
  const next = await fetch(`${api}/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const event = await next.json();
  const body = JSON.stringify({ message: `Hello ${event.pathParameters.name}, from Node` });
  await fetch(`${api}/${id}/response`, { method: "POST", body });
}
