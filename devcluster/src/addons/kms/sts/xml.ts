/** A tree of elements: text, or elements by name in their order. */
export type XmlContent = string | { [name: string]: XmlContent };

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** The answer of an STS action in the Query protocol. */
export function xmlResult(answer: { action: string; result: XmlContent }, requestId: string): string {
  const { action, result } = answer;
  const content = { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  return document(`${action}Response`, content);
}

export function xmlError(code: string, message: string, requestId: string): string {
  const content = { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: requestId };
  return document('ErrorResponse', content);
}

function document(name: string, content: XmlContent): string {
  return `<${name} xmlns="${NAMESPACE}">${render(content)}</${name}>`;
}

function render(content: XmlContent): string {
  if (typeof content === 'string') return escaped(content);
  return Object.entries(content)
    .map(([name, inner]) => `<${name}>${render(inner)}</${name}>`)
    .join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
