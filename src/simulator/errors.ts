/** The vendor's error answers: `{"errors":[{code,detail,title}]}` with a trailing newline, and the front end's HTML pages. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body: unknown;
}

/** Thrown by a handler to answer with an error of the vendor's form. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  readonly title: string;
  readonly detail: string | null;

  constructor(status: number, code: number, title: string, detail: string | null) {
    super(title);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
  }
}

export function badRequest(detail: string): ApiError {
  return new ApiError(400, 4_000_010, "Validation Error", detail);
}

export function unauthorised(): ApiError {
  return new ApiError(401, 4_010_010, "Authentication Failed", null);
}

export function forbidden(detail: string | null): ApiError {
  return new ApiError(403, 4_030_010, "Insufficient permissions", detail);
}

export function notFound(): ApiError {
  return new ApiError(404, 4_040_010, "Requested resource was not found", "");
}

export function serverError(): ApiError {
  return new ApiError(500, 5_000_010, "Internal server error", "Server could not process the request.");
}

export function errorAnswer(error: ApiError): Answer {
  return { status: error.status, body: { errors: [{ code: error.code, detail: error.detail, title: error.title }] } };
}

const REASONS: Readonly<Record<number, string>> = {
  401: "UNAUTHORIZED",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

export function reasonOf(status: number): string | undefined {
  return REASONS[status];
}

/** The front end's own page for a status, which is HTML and never JSON. */
export function htmlAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  const title = `${String(status)} ${REASONS[status] ?? "Error"}`;
  return {
    status,
    headers: { "content-type": "text/html", ...headers },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  };
}
