/** A file of somebody's own, with its name beside the button, refused where it is larger than the hub takes. */
import { Button, FileButton } from "@mantine/core";
import type { ReactNode } from "react";

interface FileChoiceProps {
  readonly label: string;
  /** As a browser's file dialog takes it. */
  readonly accept: string;
  readonly megabytes: number;
  readonly file: File | null;
  readonly onFile: (file: File) => void;
}

export function fits(file: File | null, megabytes: number): boolean {
  return file !== null && file.size <= megabytes * 1024 * 1024;
}

export function FileChoice({ label, accept, megabytes, file, onFile }: FileChoiceProps): ReactNode {
  return (
    <>
      <FileButton accept={accept} onChange={(given) => { if (given !== null) onFile(given); }}>
        {(props) => (
          <Button variant="default" {...props}>
            {label}
          </Button>
        )}
      </FileButton>
      {file === null ? <span className="faint">No file is chosen.</span> : fits(file, megabytes) ? <span className="wrap">{file.name}</span> : <span className="bad-text wrap">{`${file.name} is larger than ${String(megabytes)} MB.`}</span>}
    </>
  );
}
