/** Output types of what people and the console do with alerts: notes, history, timeline, actions, groups, counts, exports. */
const MITIGATED = "id: ID!, createdAt: DateTime!, updatedAt: DateTime!, mitigationActionType: MitigationActionType!, status: MitigationActionStatus!";
const COUNTED = "value: String, label: String, count: Long!";

export const WORK = `
type AlertNotesListResponse { data: [AlertNote!]! }
type AlertNote implements Node { id: ID!, alertId: ID!, text: String!, type: ContentType, createdAt: DateTime!, updatedAt: DateTime!, createdBy: NoteAuthor, author: User @deprecated(reason: "Use createdBy") }
union NoteAuthor = RuleNoteAuthor | UserNoteAuthor
type UserNoteAuthor { userId: ID!, email: String!, fullName: String! }
type RuleNoteAuthor implements Node { id: ID!, name: String!, version: Int! }
type AlertHistoryItemConnection { edges: [AlertHistoryItemEdge], pageInfo: PageInfo!, totalCount: Long! }
type AlertHistoryItemEdge { cursor: String!, node: AlertHistoryItem }
type AlertHistoryItem { createdAt: Instant!, eventText: String!, eventType: AlertHistoryEventType!, historyItemCreator: HistoryItemCreator, historyItemData: HistoryItemData, reportUrl: String }
union HistoryItemCreator = UserHistoryItemCreator
type UserHistoryItemCreator { userId: ID!, userType: UserType! }
union HistoryItemData = EnrichmentHistoryItemData | MitigationActionHistoryItemData
type EnrichmentHistoryItemData { description: FormattedContent, enrichments: [Enrichment!]!, isSimulation: Boolean!, provider: String, sourceUrl: String }
type MitigationActionHistoryItemData { message: FormattedContent }
type FormattedContent { content: String!, type: ContentType! }
type AlertTimelineItemConnection { edges: [AlertTimelineItemEdge], pageInfo: PageInfo!, totalCount: Long! }
type AlertTimelineItemEdge { cursor: String!, node: AlertTimelineItem }
type AlertTimelineItem { createdAt: Instant!, eventText: String!, eventType: AlertTimelineEventType!, timelineItemCreator: TimelineItemCreator, timelineItemData: TimelineItemData }
union TimelineItemCreator = RuleTimelineItemCreator | UserTimelineItemCreator
type UserTimelineItemCreator { userId: ID!, userType: UserType! }
type RuleTimelineItemCreator implements Node { id: ID!, name: String!, version: Int! }
union TimelineItemData = ActivityTimelineItemData | AssetOperationTimelineItemData | EnrichmentTimelineItemData | IndicatorTimelineItemData | MitigationActionTimelineItemData | NoteTimelineItemData | RelatedAlertTimelineItemData
type ActivityTimelineItemData { activityType: AlertTimelineActivityType!, downloadUrl: String }
type AssetOperationTimelineItemData { downloadUrl: String }
type EnrichmentTimelineItemData { description: FormattedContent, isSimulation: Boolean!, provider: String, sourceUrl: String }
type IndicatorTimelineItemData { attacks: [Attack!], eventSearchParams: EventSearchActionData, eventTime: DateTime!, message: String, observables: [Observable!]!, severity: Severity, type: String, uid: String! }
type MitigationActionTimelineItemData { details: MitigationActionTimelineItemDetails, id: ID, message: FormattedContent, mitigationActionType: MitigationActionType!, status: MitigationActionStatus }
union MitigationActionTimelineItemDetails = GenericMitigationActionTimelineItemDetails | S1MitigationActionTimelineItemDetails
type GenericMitigationActionTimelineItemDetails { description: String, formattedMessage: FormattedContent, targets: [ActionTarget!], title: String }
type S1MitigationActionTimelineItemDetails { exportReportUrl: String, failedCount: Int, maxTime: DateTime, minTime: DateTime, notFoundCount: Int, pendingCount: Int, preemptive: Boolean, successCount: Int }
type NoteTimelineItemData { actionType: NoteTimelineActionSubType!, author: User @deprecated(reason: "Use createdBy"), createdBy: NoteAuthor, id: ID, text: FormattedContent!, updatedAt: DateTime! }
type RelatedAlertTimelineItemData { id: ID, name: String!, relationData: RelationData! }
interface MitigationActionResult { ${MITIGATED} }
type MitigationActionResultListResponse { data: [MitigationActionResult!]! }
type GenericMitigationActionResult implements MitigationActionResult & Node { ${MITIGATED}, description: String, formattedMessage: FormattedContent, message: String, targets: [ActionTarget!], title: String }
type PartnerMitigationActionResult implements MitigationActionResult & Node { ${MITIGATED}, description: String, formattedMessage: FormattedContent, message: String, targets: [ActionTarget!], title: String }
type S1MitigationActionResult implements MitigationActionResult & Node { ${MITIGATED}, exportReportUrl: String, failedCount: Int!, maxTime: DateTime, minTime: DateTime, notFoundCount: Int!, pendingCount: Int!, preemptive: Boolean, successCount: Int! }
type AvailableActionsResponse { data: [AvailableAction!]!, errors: [ActionsError!] }
type AvailableAction implements Node { id: ID!, title: String!, description: String, provider: ActionProviderType!, types: [ActionType!]!, type: ActionType! @deprecated(reason: "Use types"), isDisabled: Boolean!, disabledReason: String, labels: [String!]!, targets: [ActionTarget!]!, triggersActions: [ID!]!, triggeredAfter: [ID!], data: [ActionData], actionData: ActionData @deprecated(reason: "Use data") }
type ActionTarget { type: ActionTargetType, value: String }
union ActionData = AlertActionData | AssetActionData | EventSearchActionData | ExternalUrlActionData | InternalUrlActionData | RemoteOpsActionData | SourceDeviceActionData | TreeLikeActionData | UrlActionData
type AlertActionData { externalIds: [String!]!, ids: [ID!]! }
type AssetActionData { externalIds: [String!]! }
type ExternalUrlActionData { url: String! }
type InternalUrlActionData { path: String! }
type RemoteOpsActionData { assets: [RemoteOpsAsset!]! }
type RemoteOpsAsset { externalId: String!, osType: OsType }
type SourceDeviceActionData { assetId: String! }
type TreeLikeActionData { nodes: [TreeNode] }
type TreeNode { children: [TreeNode], value: String }
type UrlActionData { isRelative: Boolean, type: UrlType!, url: String! }
type ActionsError { errorMessage: String!, errorPayload: ActionsErrorPayload }
union ActionsErrorPayload = ActionsErrorConcurrentUserLimitPayload | ActionsErrorLimitPayload
type ActionsErrorConcurrentUserLimitPayload { limit: Int! }
type ActionsErrorLimitPayload { limit: Int! }
union TriggerActionsResult = ActionsTriggered | TriggerActionsError | TriggerActionsScheduled
type ActionsTriggered { actions: [TriggeredAction!]! }
type TriggerActionsError { errors: [ActionsError!]! }
type TriggerActionsScheduled { bulkActionTriggerId: ID, executionId: ID }
type TriggeredAction { actionId: ID!, alertCount: Int! @deprecated(reason: "Use success, skip and failure"), failure: [TriggeredActionFailureDetail!]!, skip: [TriggeredActionSkipDetail!]!, success: [TriggeredActionSuccessDetail!]! }
type TriggeredActionFailureDetail implements Node { id: ID!, errorMessage: String, errorType: ErrorType }
type TriggeredActionSkipDetail implements Node { id: ID!, skipMessage: String, skipType: SkipReasonType }
type TriggeredActionSuccessDetail implements Node { id: ID! }
type ColumnMetadata { fieldId: String!, dataType: DataType, filterTypes: [FilterType], enumValues: [String], enableAutocomplete: Boolean!, enableNegation: Boolean!, sortable: Boolean!, aggregatedSortable: Boolean!, groupable: Boolean!, path: ColumnPath, uql: UqlColumnMetadata! }
type ColumnPath { detailsApi: String }
type UqlColumnMetadata { fieldFormat: UqlFieldFormat, filterOperatorTypes: [UqlOperatorType], sortable: Boolean!, supportsCountBy: Boolean! }
type ViewDataAvailabilityResponse { viewDataAvailability: [ViewDataAvailability!]! }
type ViewDataAvailability { viewType: ViewType!, dataAvailable: Boolean! }
type CsvResponse { data: String! }
type AlertFiltersCountResponse { data: [FilterCount!]! }
type FilterCount { fieldId: String!, hasNextPage: Boolean!, values: [FilterCountValue!]! }
type FilterCountValue { ${COUNTED} }
type AlertGroupByResponse { data: [GroupByCount!]! }
type GroupByCount { fieldId: String!, hasNextPage: Boolean!, values: [GroupByCountValue!]! }
type GroupByCountValue { ${COUNTED} }
type AlertGroupConnection { edges: [AlertGroupEdge], pageInfo: PageInfo!, totalCount: Long! }
type AlertGroupEdge { cursor: String!, node: AlertGroup! }
type AlertGroup { ${COUNTED}, fieldSummaries: [FieldSummary!]! }
interface FieldSummary { fieldId: String }
type ValueCountSummary implements FieldSummary { fieldId: String!, values: [ValueCount!]! }
type GroupedDistinctValueCountSummary implements FieldSummary { fieldId: String!, groupingFieldPath: String!, values: [ValueCount!]! }
type MinMaxSummary implements FieldSummary { fieldId: String!, max: String!, min: String! }
type MissingCountSummary implements FieldSummary { fieldId: String!, missingCount: Long! }
type SampleSummary implements FieldSummary { fieldId: String!, value: String }
type ValueCount { ${COUNTED} }
type AutocompleteResponse { fieldId: String!, values: [AutocompleteOption!]! }
type AutocompleteOption { value: String!, count: Long! }
`;
