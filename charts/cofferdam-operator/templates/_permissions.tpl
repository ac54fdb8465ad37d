{{/* Generated from cdk8s/src/charts/operator-permissions.ts by `npm run generate`. Do not edit. */}}

{{- define "cofferdam-operator.ownRules" -}}
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - get
    - create
    - update
- apiGroups:
    - ""
  resources:
    - secrets
  resourceNames:
    - cofferdam-kafka-admin
  verbs:
    - get
- apiGroups:
    - ""
  resources:
    - secrets
  resourceNames:
    - cofferdam-ca
  verbs:
    - get
    - update
- apiGroups:
    - ""
  resources:
    - secrets
  verbs:
    - create
{{- end }}

{{- define "cofferdam-operator.workRules" -}}
- apiGroups:
    - payments.cofferdam.dev
  resources:
    - paymentvaults
    - pspconnectors
  verbs:
    - list
    - watch
    - patch
- apiGroups:
    - payments.cofferdam.dev
  resources:
    - paymentvaults/status
    - pspconnectors/status
  verbs:
    - patch
- apiGroups:
    - payments.cofferdam.dev
  resources:
    - paymentvaults/finalizers
    - pspconnectors/finalizers
  verbs:
    - update
- apiGroups:
    - ""
  resources:
    - configmaps
    - serviceaccounts
    - services
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - apps
  resources:
    - deployments
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - batch
  resources:
    - jobs
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - networking.k8s.io
  resources:
    - networkpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - policy
  resources:
    - poddisruptionbudgets
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - autoscaling
  resources:
    - horizontalpodautoscalers
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - cert-manager.io
  resources:
    - certificates
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - monitoring.coreos.com
  resources:
    - servicemonitors
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - gateway.networking.k8s.io
  resources:
    - httproutes
    - tlsroutes
    - backendtlspolicies
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - cilium.io
  resources:
    - ciliumnetworkpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - kafka.strimzi.io
  resources:
    - kafkatopics
  verbs:
    - get
    - list
    - watch
    - create
    - patch
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - events
  verbs:
    - get
    - list
    - create
    - patch
{{- end }}
