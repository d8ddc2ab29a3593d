/** What surrounds every page, and the door: nothing but the forms is there before somebody is signed in. */
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { queryClient } from "./api/queries.ts";
import { SessionContext, useSessionQuery } from "./api/session.ts";
import { Failed, Loading } from "./parts/states.tsx";
import { router } from "./router.tsx";
import { NewPassword } from "./sign-in/new-password.tsx";
import { SetUp } from "./sign-in/set-up.tsx";
import { SignIn } from "./sign-in/sign-in.tsx";

const theme = createTheme({
  primaryColor: "blue",
  defaultRadius: "sm",
  cursorType: "pointer",
  components: {
    Modal: { defaultProps: { lockScroll: false, centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    Tooltip: { defaultProps: { withArrow: true, multiline: true, maw: 320, openDelay: 200 } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", comboboxProps: { shadow: "md" } } },
    NativeSelect: { defaultProps: { size: "xs" } },
    Button: { defaultProps: { size: "xs" } },
    Checkbox: { defaultProps: { size: "xs" } },
  },
});

export function App(): ReactNode {
  return (
    // The variables are in our own style sheets: a style element written at run time is what the hub's policy forbids.
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queryClient}>
        <Door />
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Door(): ReactNode {
  const session = useSessionQuery();
  if (session.isPending) return <Loading what="Asking the hub who you are" />;
  if (session.isError) return <Failed fault={session.error} again={() => void session.refetch()} />;
  if (session.data.state === "setup") return <SetUp />;
  if (session.data.state === "signed-out") return <SignIn version={session.data.version} />;
  if (session.data.user?.passwordOnce === true) return <NewPassword name={session.data.user.name} />;
  return (
    <SessionContext value={session.data}>
      <RouterProvider router={router} />
    </SessionContext>
  );
}
