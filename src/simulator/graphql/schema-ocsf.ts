/** The OCSF form of an alert, as far as the simulator fills it: the console's own types go on for hundreds of objects. */
const ENDPOINT = "domain: String, hostname: String, ip: String, mac: String, name: String, port: Int, uid: String";

export const OCSF = `
type SecurityAlertEventResponse { action: String, actionId: Int, cloud: CloudObjectResponse, endTimeDt: DateTime, evidences: [EvidencesObjectResponse], findingInfo: FindingInfoObjectResponse, observables: [ObservableObjectResponse], remediation: RemediationObjectResponse, startTimeDt: DateTime }
type EvidencesObjectResponse { actor: ActorObjectResponse, device: DeviceObjectResponse, dstEndpoint: NetworkEndpointObjectResponse, file: FileObjectResponse, name: String, process: ProcessObjectResponse, resources: [ResourceDetailsObjectResponse], srcEndpoint: NetworkEndpointObjectResponse, uid: String, user: UserObjectResponse, verdict: String, verdictId: Int }
type ActorObjectResponse { appName: String, appUid: String, invokedBy: String, process: ProcessObjectResponse, user: UserObjectResponse }
type DeviceObjectResponse { domain: String, hostname: String, ip: String, name: String, os: OsObjectResponse, uid: String }
type NetworkEndpointObjectResponse { ${ENDPOINT} }
type OsObjectResponse { build: String, name: String, type: String, typeId: Int, version: String }
type ProcessObjectResponse { cmdLine: String, file: FileObjectResponse, name: String, pid: Int, uid: String, user: UserObjectResponse }
type FileObjectResponse { companyName: String, ext: String, hashes: [FingerprintObjectResponse], name: String, parentFolder: String, path: String, size: Long, type: String, typeId: Int, uid: String }
type FingerprintObjectResponse { algorithm: String, algorithmId: Int, value: String }
type UserObjectResponse { displayName: String, domain: String, emailAddr: String, fullName: String, name: String, type: String, typeId: Int, uid: String, uidAlt: String }
type ResourceDetailsObjectResponse { hostname: String, ip: String, name: String, namespace: String, owner: UserObjectResponse, region: String, role: String, roleId: Int, type: String, uid: String, uidAlt: String, version: String }
type FindingInfoObjectResponse { attacks: [AttackObjectResponse], dataSources: [String], killChain: [KillChainPhaseObjectResponse], srcUrl: String }
type KillChainPhaseObjectResponse { phase: String, phaseId: Int }
type AttackObjectResponse { subTechnique: TechniqueObjectResponse, tactic: TacticObjectResponse, tactics: [TacticObjectResponse], technique: TechniqueObjectResponse, version: String }
type TacticObjectResponse { name: String, srcUrl: String, uid: String }
type TechniqueObjectResponse { name: String, srcUrl: String, uid: String }
type ObservableObjectResponse { name: String, type: String, typeId: Int, value: String }
type CloudObjectResponse { account: AccountObjectResponse, name: String, projectUid: String, provider: String, region: String, uid: String, zone: String }
type AccountObjectResponse { labels: [String], name: String, type: String, typeId: Int, uid: String }
type RemediationObjectResponse { kbArticles: [String], references: [String] }
`;
